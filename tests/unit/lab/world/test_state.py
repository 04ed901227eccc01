"""A run's id."""

from __future__ import annotations

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
