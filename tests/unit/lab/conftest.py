"""Fixtures of the lab's tests."""

from __future__ import annotations

import sys
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


RECORDED: list[tuple[str, object]] = []
IS_RECORDING = False


def record(event: str, arguments: tuple[object, ...]) -> None:
    if IS_RECORDING and event.startswith("socket.") and event != "socket.__new__":
        RECORDED.append((event, arguments[-1]))


sys.addaudithook(record)


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """Every question to a name server and every connection while a test runs; Python can't remove a hook again."""
    monkeypatch.setattr(sys.modules[__name__], "IS_RECORDING", True)
    RECORDED.clear()
    return RECORDED
