"""The record of long runs: what passed with the same code is not run again, everything else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import proof


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(proof, "RECORD", tmp_path / "build" / "proof.json")
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    monkeypatch.setattr(proof, "code", lambda: "abc1234")
    return tmp_path / "build" / "proof.json"


def test_what_ended_is_kept_at_once(record: Path) -> None:
    proof.Proof().note("tests/lab/a.py::one", "passed", 61.4, "2026-11-24 12:00")
    proof.Proof().note("tests/lab/a.py::two", "failed", 3, "2026-11-24 12:01")
    assert {test: found["result"] for test, found in json.loads(record.read_text()).items()} == {
        "tests/lab/a.py::one": "passed",
        "tests/lab/a.py::two": "failed",
    }
    assert "| tests/lab/a.py::one | passed | 61 | abc1234 | 2026-11-24 12:00 |" in proof.PAGE.read_text()


def test_only_what_passed_with_this_code_is_left_out(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = proof.Proof()
    first.note("one", "passed", 1, "")
    first.note("two", "failed", 1, "")
    again = proof.Proof()
    assert [test for test in ("one", "two", "three") if again.is_shown(test)] == ["one"]
    for other in ("def5678", "abc1234+"):
        monkeypatch.setattr(proof, "code", lambda other=other: other)
        assert not proof.Proof().is_shown("one")
