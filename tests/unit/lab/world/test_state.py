"""A run's id."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.failures import LabError
from lab.world import state


def test_a_lab_s_name_tells_inventories_apart() -> None:
    names = {state.run_id(Path(path)) for path in ("/a/shop/inventory.py", "/b/shop/inventory.py", "/a/shop/x.py")}
    assert len(names) == 3
    assert all(state.RUN_ID.match(name) for name in names)
    with pytest.raises(LabError, match="is no run id"):
        state.Run("../etc")


def test_a_program_runs_until_its_own_process_has_ended(lab: state.Run) -> None:
    assert lab.runs("vm-leaf") is None
    lab.record("process", "vm-leaf", pid=os.getpid(), started="1")
    assert lab.runs("vm-leaf") is None, "another process has this number now"
    lab.record("process", "vm-leaf", pid=os.getpid(), started=state.process_start(os.getpid()))
    lab.record("process", "dns", pid=1, started="1")
    assert lab.runs("vm-leaf") == os.getpid()
