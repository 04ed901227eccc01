"""Faults of the tailnet."""

from __future__ import annotations

from lab.faults import tailnet
from tests.unit.lab.worlds import world


def test_of_two_registrations_the_last_is_meant() -> None:
    nodes = [{"id": "3", "given_name": "first"}, {"id": "12", "name": "first"}, {"id": "20", "given_name": "away"}]
    assert tailnet.newest_node(nodes, world().host("first")) == nodes[1]
    assert tailnet.newest_node(nodes[2:], world().host("first")) is None
