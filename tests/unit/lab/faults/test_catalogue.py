"""Every fault's row in the catalogue."""

from __future__ import annotations

import pytest

from lab import faults
from lab.faults.catalogue import FAULTS
from report import checks
from tests.lab import expected


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_in_one_line_what_happens_and_where(name: str) -> None:
    fault = FAULTS[name]
    assert fault.target in ("host", "site", "")
    assert fault.text
    assert "\n" not in fault.text
    assert not fault.text.endswith(".")
    assert callable(fault.apply)
    assert callable(fault.undo)
    assert fault.apply is not fault.undo
    assert fault.text in next(line for line in faults.listing().splitlines() if line.startswith(f"{name} "))


def test_every_fault_has_a_check_and_every_check_a_fault() -> None:
    assert {*expected.EXPECTED, *expected.QUIET, *expected.DOOR} == set(FAULTS)
    # Containers have no cloud's firmware. A host's exceptions are declared, not suffered: tests/lab/test_10_faults.py takes the declaration away.
    assert {*expected.EXPECTED.values(), "cgroup-exception", "idle-reclaim"} == {check.name for check in checks.CHECKS}
