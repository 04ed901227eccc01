"""How older programs are built."""

from __future__ import annotations

import pytest

from lab.mirror.golang import experiments


@pytest.mark.parametrize(
    ("language", "is_old"), [("go 1.25.5", True), ("go 1.26.4", False), ("go 1.27", False), ("", False)]
)
def test_a_program_gets_the_json_of_its_go(language: str, is_old: bool) -> None:
    assert bool(experiments(f"module lab.invalid/build\n{language}\nrequire x v1.0.0\n")) is is_old
