"""What happens to answers while questions and commands are under way at once."""

from __future__ import annotations

from pathlib import Path

import gevent
import pytest

from tests.unit.engine.fact_cache.world import NAMES, A, B, Line, Make, SharedLine, learned


@pytest.mark.parametrize("other", [A, B], ids=["on the host", "on another"])
def test_an_answer_under_way_while_a_command_ends_is_not_served_after_it(make: Make, other: str) -> None:
    fact = Line if other == A else SharedLine
    world = learned(make, A, B, fact=fact)
    # The bundle has read everything, its answer has not come yet: then a command runs from its beginning to its end.
    world.folder(A).while_running["ends"] = lambda: world.command(
        other, f"for f in one two; do echo new > {world.folder(A).here}/$f; done"
    )
    assert world.ask(A, fact, file="one") == "absent"
    assert [world.ask(A, fact, file=name) for name in ("one", "two")] == ["new", "new"]


@pytest.mark.parametrize("other", [A, B], ids=["on the host", "on another"])
def test_nothing_is_kept_while_a_command_runs(make: Make, other: str) -> None:
    fact = Line if other == A else SharedLine
    world = learned(make, A, B, fact=fact)
    seen = []

    def meanwhile() -> None:
        seen.append(world.ask(A, fact, file="one"))
        Path(world.folder(A).here, "one").write_text("new\n")
        seen.append(world.ask(A, fact, file="one"))

    world.folder(other).while_running["sleep"] = meanwhile
    assert world.command(other, "sleep 0")
    assert seen == ["absent", "new"]


def test_many_at_once_ask_once(make: Make) -> None:
    world = learned(make, A)
    asked = [gevent.spawn(world.host(A).get_fact, Line, file=name) for name in NAMES * 3]
    gevent.joinall(asked)
    assert {one.value for one in asked} == {"absent"}
    assert len(world.sent(A)) == 1


def test_one_that_waits_for_a_bundle_that_a_command_made_old_asks_again(make: Make) -> None:
    world = learned(make, A)

    def overtaken() -> None:
        waiting.append(gevent.spawn(world.host(A).get_fact, Line, file="two"))
        gevent.sleep(0)
        world.command(A, 'echo new > "$HERE/two"')

    waiting: list[gevent.Greenlet] = []
    world.folder(A).while_running["ends"] = overtaken
    world.ask(A, Line, file="one")
    gevent.joinall(waiting)
    assert [one.value for one in waiting] == ["new"]
