"""One finding for one cause, about the host that causes it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest

from report import causes
from report.findings import Deviation, Finding, View, check, deviation


def nothing(view: View) -> Iterator[Deviation]:
    """It finds nothing."""
    yield from ()


CHECK = check("one")(nothing)


def finding(one: str, other: str, why: str = "no answer", caused_by: tuple[str, ...] = ()) -> Finding:
    found = deviation((one, other), f"{one} is not reached by {other}", why, "look", caused_by=caused_by)
    return Finding(found.hosts, found.problem, caused_by=found.caused_by, check=CHECK)


def merged(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], str]:
    (found,) = causes.merge(finding(*pair) for pair in pairs)
    return found.hosts, found.problem.where


def all_pairs(center: str, others: str) -> list[tuple[str, str]]:
    return [pair for other in others for pair in ((center, other), (other, center))]


@pytest.mark.parametrize(
    ("pairs", "marked", "where"),
    [
        ([("a", "b")], ("a", "b"), "a → b"),
        ([("a", "b"), ("b", "a")], ("a", "b"), "a ↔ b"),
        (all_pairs("a", "bcd"), ("a",), "a ↔ b, c, d"),
        ([("b", "a"), ("c", "a")], ("a",), "a ← b, c"),
        # A site of two hosts, and all that the others have to do with it.
        (
            all_pairs("x", "bcdefghi") + all_pairs("y", "bcdefghi"),
            ("x", "y"),
            "x ↔ b, c, d, e and 4 more; y ↔ b, c, d, e and 4 more",
        ),
        # Nobody has more of them than another.
        ([("a", "b"), ("c", "d")], ("a", "b", "c", "d"), "a → b; c → d"),
        (list(itertools.combinations("abcdefg", 2)), tuple("abcdefg"), "21 paths between a, b, c, d and 3 more"),
    ],
)
def test_the_host_with_most_of_the_pairs_is_marked(
    pairs: list[tuple[str, str]], marked: tuple[str, ...], where: str
) -> None:
    assert merged(pairs) == (marked, where)


def test_a_check_that_knows_better_is_believed() -> None:
    found = causes.merge([finding("a", "b", caused_by=("b",)), finding("c", "b", caused_by=("c",))])
    assert [one.hosts for one in found] == [("b",), ("c",)]


def test_names_and_addresses_of_a_pair_make_no_other_cause() -> None:
    found = causes.merge(
        finding("x", other, f"10.244.{at}.0/24 of {other} is not in the table of x") for at, other in enumerate("abc")
    )
    assert [(one.hosts, one.problem.where) for one in found] == [(("x",), "x → a, b, c")]


def test_another_host_is_another_cause() -> None:
    found = causes.merge([finding("x", "a", "no UDP gets out of y"), finding("x", "b", "no UDP gets out of z")])
    assert len(found) == 2
