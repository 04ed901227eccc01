"""Faults of one host."""

from __future__ import annotations

from lab.faults import machines


def test_the_rules_that_keep_a_lan_can_be_added_as_they_were() -> None:
    shown = "0:\tfrom all lookup local\n2500:\tfrom all to 10.0.0.0/24 lookup main\n5270:\tfrom all lookup 52\n"
    assert machines.lan_rules(shown) == ["priority 2500 from all to 10.0.0.0/24 lookup main"]
