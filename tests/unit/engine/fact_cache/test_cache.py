"""How long an answer is believed."""

from __future__ import annotations

from engine.fact_cache.cache import LIFETIME_S, Kept
from engine.fact_cache.query import Question

ASKED = Question((), "x")


def test_an_answer_grows_old_by_itself() -> None:
    now = [100.0]
    kept = Kept(lambda: now[0])
    kept.keep("a", ASKED, kept.moment("a"), ["said"])
    now[0] += LIFETIME_S
    assert kept.answer("a", ASKED, shared=True) == ["said"]
    now[0] += 0.1
    assert kept.answer("a", ASKED, shared=True) is None


def test_before_the_first_command_all_may_be_asked_at_once_and_after_it_few() -> None:
    kept = Kept()
    assert kept.reach("a", shared=True) is None
    with kept.command("b"):
        assert (kept.reach("a", shared=False), kept.reach("b", shared=False)) == (None, 1)
    assert (kept.reach("a", shared=False), kept.reach("a", shared=True)) == (None, 1)
    assert kept.reach("b", shared=False) == 1
    kept.asked("b")
    assert kept.reach("b", shared=False) == 2


def test_after_a_command_as_many_are_asked_at_once_as_were_of_use_between_the_commands_before() -> None:
    kept = Kept()
    for used, reach in ((5, 5), (2, 2), (0, 2)):
        for _ in range(used):
            kept.use("a")
        with kept.command("a"):
            pass
        assert kept.reach("a", shared=False) == reach
