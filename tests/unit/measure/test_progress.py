"""What verify waits for, on a terminal and in a file."""

from __future__ import annotations

import io

import pytest

from measure.progress import CLEAR, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def measured(stream: io.StringIO) -> str:
    progress = Progress(stream)
    progress.expect({"hosts": 2, "paths": 2, "pods": 1, "drift": 0})
    for step in ("hosts", "pods", "hosts", "paths"):
        progress.done(step)
    progress.close()
    return stream.getvalue()


def test_a_terminal_has_one_line_and_none_at_the_end() -> None:
    shown = measured(Terminal()).split(CLEAR)
    assert shown[1] == "measuring: hosts 0/2 · paths 0/2 · pods …"
    assert shown[-2:] == ["measuring: hosts 2/2 · paths 1/2 · pods done", ""]
    assert "\n" not in "".join(shown)


def test_a_file_has_a_line_for_each_step_that_ended() -> None:
    assert measured(io.StringIO()).splitlines() == ["pods done, after 0 s", "hosts 2/2, after 0 s"]


def test_no_line_is_longer_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert max(len(line) for line in measured(Terminal()).split(CLEAR)) == 19
