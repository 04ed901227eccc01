"""The order of the lab's tests, which their names show."""

from __future__ import annotations

import re
from pathlib import Path

from tests.places import PROJECT

TESTS = sorted((PROJECT / "tests" / "lab").glob("test_*.py"))


def number(file: Path) -> str:
    return file.name.split("_")[1]


def test_every_file_has_its_own_number() -> None:
    assert len({number(file) for file in TESTS}) == len(TESTS)


def test_a_lab_has_the_number_of_its_file() -> None:
    for file in TESTS:
        runs = re.findall(r'"(test-[^"]*)", watched', file.read_text())
        assert runs in ([], [f"test-{number(file)}"]), file.name


def test_files_with_long_tests_have_numbers_from_ten_on() -> None:
    for file in TESTS:
        assert ("pytest.mark.long" in file.read_text()) == (int(number(file)) >= 10), file.name
