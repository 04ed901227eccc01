"""How long an answer is believed."""

from __future__ import annotations

from engine.fact_cache.cache import LIFETIME_S, Cache
from engine.fact_cache.query import Query

ASKED = Query((), "x")


def test_an_answer_grows_old_by_itself() -> None:
    now = [100.0]
    cache = Cache(lambda: now[0])
    cache.store("a", ASKED, cache.epoch("a"), ["said"])
    now[0] += LIFETIME_S
    assert cache.lookup("a", ASKED, shared=True) == ["said"]
    now[0] += 0.1
    assert cache.lookup("a", ASKED, shared=True) is None


def test_before_the_first_command_all_may_be_asked_at_once_and_after_it_few() -> None:
    cache = Cache()
    assert cache.batch_limit("a", shared=True) is None
    with cache.command("b"):
        assert (cache.batch_limit("a", shared=False), cache.batch_limit("b", shared=False)) == (None, 1)
    assert (cache.batch_limit("a", shared=False), cache.batch_limit("a", shared=True)) == (None, 1)
    assert cache.batch_limit("b", shared=False) == 1
    cache.widen("b")
    assert cache.batch_limit("b", shared=False) == 2


def test_after_a_command_as_many_are_asked_at_once_as_were_of_use_between_the_commands_before() -> None:
    cache = Cache()
    for used, reach in ((5, 5), (2, 2), (0, 2)):
        for _ in range(used):
            cache.count_use("a")
        with cache.command("a"):
            pass
        assert cache.batch_limit("a", shared=False) == reach
