"""Every folder of tests/facts holds real outputs of one fact; pyinfra-testing makes a test of each file."""

from pathlib import Path

from pyinfra_testing.facts import make_fact_tests

for _folder in sorted((Path(__file__).parent / "facts").iterdir()):
    if _folder.is_dir():
        globals()[_folder.name] = make_fact_tests("facts", _folder.name, _folder)
