"""Fixtures of the lab's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.world import state
from tests.unit.lab.worlds import behind, cluster


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> state.Run:
    """A lab of which only the records exist."""
    monkeypatch.setattr(state, "ROOT", tmp_path)
    made = state.Run("t")
    made.create(cluster(away=behind("192.168.1.2", "192.0.2.9", 2222)))
    return made
