"""Every folder of tests/cases/facts holds real outputs of one fact; pyinfra-testing makes a test of each file."""

from pyinfra_testing.facts import make_fact_tests

from tests.places import CASES

for _folder in sorted((CASES / "facts").iterdir()):
    if _folder.is_dir():
        globals()[_folder.name] = make_fact_tests("facts", _folder.name, _folder)
