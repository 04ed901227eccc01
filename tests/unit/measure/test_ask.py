"""One host's answer, or none, costs no other host's."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.observed.machine import Load
from measure import ask
from measure.ask import NotAnswered
from measure.pace import Greeting


def test_whatever_one_job_raises_the_others_give_their_answers() -> None:
    def deep() -> str:
        return deep()

    def odd() -> str:
        raise ZeroDivisionError("of a kind that nobody expects")

    found = ask.together({"deep": deep, "odd": odd, "fine": lambda: "an answer"})
    assert found["fine"] == "an answer"
    assert isinstance(found["deep"], NotAnswered)
    assert str(found["odd"]) == "ZeroDivisionError: of a kind that nobody expects"


def test_a_greeting_has_clock_and_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "output", lambda *_: f"{ask.time.time() + 90}\n17.40 9.1 4.2 3/211 4093\n1\n")
    found = ask.greet("one")
    assert found.load == Load(17.4, 1)
    assert found.offset_s == pytest.approx(90, abs=1)


@pytest.mark.parametrize("printed", ["1764320000.5\n", "1764320000.5\nx y\nz\n"])
def test_a_load_that_can_not_be_read_is_unknown(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    monkeypatch.setattr(ask, "output", lambda *_: printed)
    assert ask.greet("one").load is None


@pytest.mark.parametrize("printed", ["", "\n", "no such command\n"])
def test_a_greeting_without_a_time_is_no_answer(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    monkeypatch.setattr(ask, "output", lambda *_: printed)
    with pytest.raises(NotAnswered, match="date printed"):
        ask.greet("one")


@pytest.mark.parametrize(("answer", "arrives"), [("0" * 5000, True), (NotAnswered("no answer within 10 s"), False)])
def test_a_long_answer(monkeypatch: pytest.MonkeyPatch, answer: Any, arrives: bool) -> None:
    def output(name: str, script: str, timeout_s: int) -> str:
        assert len(script) > 5000
        assert timeout_s == 24
        if isinstance(answer, NotAnswered):
            raise answer
        return str(answer)

    monkeypatch.setattr(ask, "output", output)
    assert ask.carries_long_answers("one", Greeting(6.0, 0.0)) is arrives
