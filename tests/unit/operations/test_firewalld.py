"""firewalld gets what it refuses by its own command, and a reset removes just that."""

from __future__ import annotations

from dataclasses import replace

from cluster.preflight.packet_filter import admitted_by_firewalld
from facts.files import Content
from facts.network import Ruleset
from operations import firewalld
from tests.unit.cluster.preflight.test_hosts import CLUSTER, NODE
from tests.unit.cluster.preflight.test_packet_filter import ruleset
from tests.unit.operations.fake_host import commands

BEFORE = replace(ruleset("firewalld-before"), has_firewalld=True)


def admitted(found: object, executing: bool = True) -> list[str]:
    return commands(
        firewalld.admit,
        {Ruleset: found},
        executing=executing,
        calls=lambda held: admitted_by_firewalld(CLUSTER, NODE, held),
    )


def test_what_firewalld_refuses_is_added_and_noted() -> None:
    assert admitted(BEFORE) == ["sh -s"]
    assert admitted_by_firewalld(CLUSTER, NODE, BEFORE) == [
        ("--zone=trusted", "--add-interface=tailscale0"),
        ("--zone=trusted", "--add-interface=cni0"),
        ("--add-port=41641/udp",),
    ]


def test_nothing_is_added_twice() -> None:
    assert admitted(ruleset("firewalld-after")) == []
    assert admitted(ruleset("debian-drop")) == []
    assert "could not be read" in admitted(None)[0]


def test_a_reset_removes_what_was_noted() -> None:
    noted = ["# public.xml", "--zone=trusted --add-interface=cni0", """'--add-rich-rule=rule family="ipv4" accept'"""]
    assert commands(firewalld.release, {Content: noted}) == ["sh -s"]
    assert commands(firewalld.release, {Content: []}) == []
    assert "could not be read" in commands(firewalld.release, {Content: None})[0]
