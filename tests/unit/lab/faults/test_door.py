"""Faults of the door: on which router a port is closed, and which records the name server has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lab.faults import door
from lab.faults.context import Context
from lab.world import dns
from tests.unit.lab.worlds import world

WORLD = world(
    other={
        "site": "far",
        "lan": "10.7.0.0/24",
        "nat": "one_to_one",
        "lan_address": "10.7.0.2",
        "public_address": "203.0.113.7",
        "ssh_hostname": "203.0.113.7",
    }
)
NAME = WORLD.cluster.coordination_name


class Recorder:
    """A run that keeps what would happen to its name server."""

    def __init__(self) -> None:
        self.stopped: list[str] = []

    def stop(self, name: str) -> None:
        self.stopped.append(name)


@pytest.mark.parametrize(
    ("close", "router", "rule"),
    [
        (door.close_login, "first", "tcp dport 443"),
        (door.close_acme, "first", "tcp dport 80"),
        (door.close_stun, "first", "udp dport 3478"),
        (door.close_wireguard, "other", "udp dport 41641"),
    ],
)
def test_a_port_is_closed_on_the_router_of_its_host(
    monkeypatch: pytest.MonkeyPatch, close: Callable[[Context], None], router: str, rule: str
) -> None:
    made: list[tuple[str, str]] = []
    monkeypatch.setattr(door, "nft", lambda namespace, rules: made.append((namespace, rules)))
    close(Context(Recorder(), WORLD, "x", given_host=WORLD.host("other")))  # type: ignore[arg-type]
    ((namespace, rules),) = made
    assert namespace == WORLD.site(WORLD.host(router).host.site.site).router
    assert f"{rule} ct state new drop" in rules


@pytest.mark.parametrize(
    ("cause", "addresses"),
    [
        (door.lead_elsewhere, [str(WORLD.dns)]),
        (door.add_address, ["203.0.113.1", str(WORLD.dns)]),
        (door.add_ipv6, ["203.0.113.1", door.ELSEWHERE6]),
        (door.restore_name, ["203.0.113.1"]),
    ],
)
def test_the_name_server_starts_again_with_these_records(
    monkeypatch: pytest.MonkeyPatch, cause: Callable[[Context], None], addresses: list[str]
) -> None:
    texts: list[str] = []
    monkeypatch.setattr(dns, "start", lambda lab, planned, more=(): texts.append(dns.configuration(planned, more)))
    lab: Any = Recorder()
    cause(Context(lab, replace(WORLD), "x"))
    assert lab.stopped == ["dns"]
    records = [line for line in texts[0].splitlines() if line.startswith(f"host-record={NAME},")]
    assert records == [f"host-record={NAME},{address}" for address in addresses]
