"""--limit and --exclude that leave nothing, or mean nobody, are no success."""

from __future__ import annotations

import pytest
from pyinfra.api import Inventory

from engine import selection

MADE = Inventory((["hub", "limb"], {}), cloud=(["hub", "limb"], {}), home=(["limb"], {}))


@pytest.mark.parametrize(
    ("limit", "exclude", "where"),
    [
        (None, (), []),
        (("hub",), (), []),
        (("h*", "home"), ("hub",), []),
        (("hubb",), (), ["--limit hubb"]),
        (("",), (), ["--limit ''"]),
        (("hub", "x"), ("y",), ["--limit x", "--exclude y"]),
        (None, ("cloud",), ["--exclude"]),
        (("hub",), ("h*",), ["--limit and --exclude"]),
    ],
)
def test_what_is_left(limit: tuple[str, ...] | None, exclude: tuple[str, ...], where: list[str]) -> None:
    assert [problem.where for problem in selection.problems(MADE, limit, exclude)] == where


def test_the_fix_names_the_hosts() -> None:
    (problem,) = selection.problems(MADE, None, ("cloud",))
    assert problem.fix == "leave in one of hub, limb"
    (problem,) = selection.problems(MADE, ("hubb",), ())
    assert "did you mean hub?" in problem.what
