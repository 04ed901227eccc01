"""What a host printed is text, on a terminal and on a page."""

from __future__ import annotations

import re

import pytest

from report import page, terminal
from report.topology import NotDrawn
from tests.unit.report.recorded import declared, found, varied

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eno problems\u2066\r"
CHANGES = [
    ("hosts.oci4.reached", False),
    ("hosts.oci4.clock_offset_s", None),
    ("hosts.oci4.error", EVIL),
    ("hosts.oci3.tailnet.health", [EVIL]),
    ("hosts.oci3.evidence.units.output", [EVIL]),
    ("hosts.oci3.units.kubelet", EVIL),
    ("pods.note", EVIL),
    ("drift_note", EVIL),
    ("drift", None),
]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def undrawn(source: str) -> str:
    raise NotDrawn(EVIL)


@pytest.mark.parametrize("verbose", [False, True])
def test_no_control_character_reaches_the_terminal(verbose: bool) -> None:
    measured = varied(CHANGES)
    text = terminal.render(declared(), measured, found(measured), verbose=verbose)
    assert CONTROL.findall(text) == []
    assert "\\x1b]0;owned\\x07" in text


def test_nor_the_page() -> None:
    measured = varied(CHANGES)
    text = page.render(declared(), measured, found(measured), undrawn)
    assert CONTROL.findall(text) == []
    assert "\\x1b]0;owned\\x07" in text
