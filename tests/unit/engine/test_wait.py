"""The loops that wait: they end when the condition pyinfra_internals, and show the last state when the time is over."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import wait


def sh(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=30)


def test_a_poll_ends_with_the_state_that_is_accepted(tmp_path: Path) -> None:
    count = f"echo x >> {tmp_path}/n; grep -c x {tmp_path}/n"
    poll = wait.poll_script(count, seconds=20, accept="test $state = 2", otherwise="never")
    done = sh(f'{poll}; echo "at $state"')
    assert (done.returncode, done.stdout, done.stderr) == (0, "at 2\n", "")


def test_a_poll_that_never_succeeds_shows_the_last_state() -> None:
    done = sh(wait.poll_script("echo 'it is; \"busy\"'; false", seconds=1, otherwise="it doesn't end"))
    assert (done.returncode, done.stderr) == (1, 'it doesn\'t end: it is; "busy"\n')


def test_polls_can_share_the_time() -> None:
    each = wait.poll_script("test $t = a", seconds=0, otherwise="missing")
    done = sh(f'{wait.deadline_script(1)}for t in a b; do {each}; echo "$t is there"; done')
    assert (done.returncode, done.stdout, done.stderr) == (1, "a is there\n", "missing: \n")


def test_the_last_answer_is_given_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[int] = []
    monkeypatch.setattr(wait, "pause", lambda: pauses.append(1))
    monkeypatch.setattr(wait, "time", SimpleNamespace(monotonic=iter([0, 0.5, 1, 1.5]).__next__))
    monkeypatch.setattr(wait, "state", SimpleNamespace(is_executing=True))
    answers = iter("abcd")
    assert wait.poll(lambda: next(answers), lambda answer: answer == "z", 1) == "c"
    assert len(pauses) == 2


def test_a_preview_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "pause", lambda: pytest.fail("a preview waited"))
    monkeypatch.setattr(wait, "state", SimpleNamespace(is_executing=False))
    answers = iter("ab")
    assert wait.poll(lambda: next(answers), lambda answer: answer == "b", 60) == "a"
