"""One block of ours in a hosts file; all other lines stay."""

from __future__ import annotations

import pytest

from cluster.documents.hosts_file import BEGIN, END, keep_address, with_block

ENTRIES = {"100.64.10.1": ["n1", "api.example"], "100.64.10.2": ["n2"]}
BLOCK = [BEGIN, "100.64.10.1 n1 api.example", "100.64.10.2 n2", END]


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
    assert with_block(before, ENTRIES).splitlines() == after


def test_no_entries_no_block() -> None:
    assert with_block(["a", *BLOCK], {}) == "a\n"


def test_a_name_stays_where_it_leads_until_what_it_shall_lead_to_answers() -> None:
    wanted = {"100.64.10.1": ["n1"], "100.64.10.2": ["n2", "api.example"]}
    assert keep_address(BLOCK, wanted, "api.example") == {"100.64.10.1": ["n1", "api.example"], "100.64.10.2": ["n2"]}
    assert keep_address(["127.0.0.1 api.example"], wanted, "api.example") == wanted
    assert keep_address([BEGIN, "100.64.10.9 gone api.example", END], wanted, "api.example")["100.64.10.9"] == [
        "api.example"
    ]
