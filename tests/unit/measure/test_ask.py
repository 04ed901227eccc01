"""One host's answer, or none, costs no other host's."""

from __future__ import annotations

import pytest

from cluster.observed.machine import Load
from measure import ask
from measure.ask import NotAnswered


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


@pytest.mark.parametrize(("first_s", "is_lost"), [(0.4, True), (9.0, True), (25.0, False), (None, False)])
def test_a_long_answer_is_lost_only_if_a_short_one_was_quick(
    monkeypatch: pytest.MonkeyPatch, first_s: float | None, is_lost: bool
) -> None:
    def output(name: str, script: str, timeout_s: int) -> str:
        assert len(script) > 5000
        raise NotAnswered(f"no answer within {timeout_s} s")

    monkeypatch.setattr(ask, "output", output)
    monkeypatch.setattr(ask.login, "answered_in", {} if first_s is None else {"one": first_s})
    with pytest.raises(NotAnswered, match="no answer within 40 s") as raised:
        ask.greet("one")
    assert isinstance(raised.value, ask.Lost) is is_lost


def test_a_host_that_refuses_has_lost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def output(name: str, script: str, timeout_s: int) -> str:
        raise NotAnswered("one: the connection broke")

    monkeypatch.setattr(ask, "output", output)
    monkeypatch.setattr(ask.login, "answered_in", {"one": 0.4})
    with pytest.raises(NotAnswered) as raised:
        ask.greet("one")
    assert not isinstance(raised.value, ask.Lost)
