"""One block of ours in a hosts file; all other bytes stay."""

from __future__ import annotations

import itertools

import pytest

from cluster.documents.hosts_file import BEGIN, END, NO_BREAK, block_entries, edited, keep_address, resolves

ENTRIES = {"100.64.10.1": ["n1", "api.example"], "100.64.10.2": ["n2"]}
BLOCK = [BEGIN, "100.64.10.1 n1 api.example", "100.64.10.2 n2", END]


def text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], BLOCK),
        (["127.0.0.1 localhost"], ["127.0.0.1 localhost", *BLOCK]),
        (["a", BEGIN, "old", END, "b"], ["a", *BLOCK, "b"]),
        ([BEGIN, "one", END, "a", BEGIN, "two", END], [*BLOCK, "a"]),
        (["a", END, "b"], ["a", END, "b", *BLOCK]),
        (["a", BEGIN, "b"], ["a", *BLOCK, "b"]),
    ],
)
def test_one_block_and_every_other_line_as_it_was(before: list[str], after: list[str]) -> None:
    assert edited(text(*before), ENTRIES) == text(*after)


def test_no_entries_no_block() -> None:
    assert edited(text("a", *BLOCK), {}) == "a\n"


# What owners have in the file: no last line break, line breaks of DOS, bytes that are no UTF-8, empty lines, form feeds.
OWNERS = (
    "",
    "127.0.0.1 localhost",
    "127.0.0.1 localhost\n",
    "127.0.0.1 a\r\n::1 a\r\n",
    "# caf\xe9\n1.2.3.4 x\n",
    "a\n\n\n",
    "a\n\n b",
    "a\x0cb\x85c\n",
    "\n",
)


@pytest.mark.parametrize("owners", OWNERS)
def test_what_the_owner_had_comes_back_to_the_byte(owners: str) -> None:
    with_ours = edited(owners, ENTRIES)
    assert edited(with_ours, ENTRIES) == with_ours
    other = edited(with_ours, {"100.64.10.9": ["n9"]})
    assert block_entries(other) == {"100.64.10.9": ["n9"]}
    for written in (with_ours, other):
        assert edited(written, {}) == owners


def test_a_line_that_comes_after_our_block_stays_a_line() -> None:
    assert edited(edited("a", ENTRIES) + "b\n", {}) == "a\nb\n"
    for before, after in itertools.product(("a", "a\n"), ("b", "b\n")):
        assert edited(edited(before, ENTRIES) + after, ENTRIES).splitlines()[-1] == "b"


def test_a_mark_of_ours_is_no_entry() -> None:
    assert NO_BREAK in edited("a", ENTRIES)
    assert block_entries(edited("a", ENTRIES)) == ENTRIES
    assert block_entries(text("a", BEGIN, "1.2.3.4 x")) == {}


def test_a_name_resolves_by_any_line_that_is_no_comment() -> None:
    assert resolves(text("127.0.1.1 old a # b"), "a")
    assert not resolves(text("127.0.1.1 old a # b", "#1.2.3.4 b", "b"), "b")


def test_a_name_stays_where_it_leads_until_what_it_shall_lead_to_answers() -> None:
    wanted = {"100.64.10.1": ["n1"], "100.64.10.2": ["n2", "api.example"]}
    kept = keep_address(text(*BLOCK), wanted, "api.example")
    assert kept == {"100.64.10.1": ["n1", "api.example"], "100.64.10.2": ["n2"]}
    assert keep_address(text("127.0.0.1 api.example"), wanted, "api.example") == wanted
    gone = text(BEGIN, "100.64.10.9 gone api.example", END)
    assert keep_address(gone, wanted, "api.example")["100.64.10.9"] == ["api.example"]
