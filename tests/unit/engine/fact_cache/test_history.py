"""The list of questions: kept for its owner alone, and never believed when anything is odd about it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.fact_cache.history import RUNS, Entry, History, merged, read, write
from engine.fact_cache.query import Query

ONE, TWO = Query((("_sudo", True),), "cat <<'E'\none\nE"), Query((), "two")


def saved(folder: Path) -> Path:
    run = History(folder)
    run.record("@fake/host", ONE, shared=True)
    run.record("@fake/host", TWO, shared=False)
    run.save()
    return next(folder.iterdir())


def test_questions_come_back_in_their_order(tmp_path: Path) -> None:
    saved(tmp_path / "lists")
    assert History(tmp_path / "lists").of("@fake/host") == [Entry(ONE, True), Entry(TWO, False)]
    assert History(tmp_path / "lists").of("other") == []


def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    file = saved(tmp_path / "lists")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_text(file.read_text()[:-5]),
        lambda file: file.write_text(file.read_text().replace("two", "rm -rf /")),
        lambda file: file.write_text("[]"),
        lambda file: file.write_bytes(b"\xff\xfe"),
        lambda file: file.chmod(0o622),
        lambda file: os.chown(file, 12345, 0),
        lambda file: file.unlink(),
    ],
    ids=["cut off", "altered", "another shape", "no text", "writable for others", "another's", "lost"],
)
def test_a_damaged_list_is_none(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    file = saved(tmp_path / "lists")
    damage(file)
    assert read(file) == []


def test_unknown_arguments_are_not_obeyed(tmp_path: Path) -> None:
    write(tmp_path / "x.json", [Entry(Query((("_env", "x"),), "one"), False)])
    assert json.loads((tmp_path / "x.json").read_text())["questions"]
    assert read(tmp_path / "x.json") == []


def test_a_question_that_nobody_asks_any_more_drops_out() -> None:
    kept = [Entry(ONE, False), Entry(TWO, False)]
    for _ in range(RUNS - 1):
        kept = merged(kept, {TWO: False})
        assert [one.query for one in kept] == [TWO, ONE]
    assert merged(kept, {TWO: False}) == [Entry(TWO, False)]
    assert merged(kept, {ONE: False, TWO: False}) == [Entry(ONE, False), Entry(TWO, False)]


def test_where_nothing_can_be_written_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = History(tmp_path / "file" / "lists")
    run.record("a", ONE, shared=False)
    run.save()
