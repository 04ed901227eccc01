"""The policy file, the wait for headscale, routes that the policy has not approved, and keys that end."""

from __future__ import annotations

import hashlib
import itertools
import time
from ipaddress import IPv4Network
from types import SimpleNamespace

import pytest

from cluster.observed.files import FileState
from cluster.observed.headscale import Key, Node, node_of, parse_key
from cluster.observed.tailscale import ClientStatus
from engine import wait
from facts.files import States
from facts.headscale import Keys, Nodes, Reachable
from facts.tailscale import Status
from operations import headscale, tailscale
from tests.unit.operations.fake_host import commands

OWN, LAN = IPv4Network("10.0.0.3/32"), IPv4Network("10.9.0.0/24")


def node(approved: tuple[str, ...], number: int = 4, online: bool = True) -> Node:
    return Node(
        number,
        "n1",
        "n1",
        ("100.64.10.1",),
        "nodekey:1",
        (),
        online,
        ("10.0.0.3/32", "10.9.0.0/24"),
        approved,
        approved,
    )


def approve(found: tuple[Node, ...] | None, executing: bool = True) -> list[str]:
    return commands(headscale.approve_routes, {Nodes: found}, executing=executing, wanted={"n1": (OWN, LAN)})


def test_approved_routes_need_nothing() -> None:
    assert approve((node(("10.0.0.3/32", "10.9.0.0/24")),)) == []


def test_what_is_approved_already_stays_approved() -> None:
    assert approve((node(("10.0.0.3/32", "10.244.1.0/24")),)) == [
        "headscale nodes approve-routes --identifier 4 --routes 10.0.0.3/32,10.244.1.0/24,10.9.0.0/24"
    ]


def test_a_route_that_headscale_has_not_heard_of_is_waited_for_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headscale, "ADVERTISE_TIMEOUT_S", 2)
    monkeypatch.setattr(wait, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    waits: list[str] = []
    monkeypatch.setattr(wait.remote, "run", lambda name, command, **options: waits.append(command))
    assert approve((), executing=False) == waits == []
    (last,) = approve(())
    assert waits == ["sleep 1", "sleep 1"]
    assert "10.0.0.3/32 of n1, 10.9.0.0/24 of n1" in last


def test_a_silent_headscale() -> None:
    assert approve(None, executing=False) == ["true"]
    assert "does not answer" in approve(None)[0]


def reach(said: str | None, executing: bool = True) -> list[str]:
    return commands(
        headscale.wait_reachable, {Reachable: said}, executing=executing, login_server="https://mesh.example"
    )


def test_headscale_is_waited_for_only_while_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[str] = []
    monkeypatch.setattr(wait.remote, "run", lambda name, command, **options: waits.append(command))
    assert reach("") == reach("curl: (7) refused", executing=False) == waits == []
    assert reach("curl: (7) refused") == []
    assert "https://mesh.example/health" in waits[0]
    assert "could not be run" in reach(None)[0]


def test_a_wait_that_fails_stops_the_host_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str, command: str, **options: object) -> str:
        raise wait.remote.RemoteFailure("one: headscale does not answer")

    monkeypatch.setattr(wait.remote, "run", refused)
    (only,) = reach("curl: (7) refused")
    assert "headscale does not answer" in only
    assert only.endswith("exit 1")


def test_the_policy_is_written_only_when_it_differs() -> None:
    same = FileState(hashlib.sha256(b"{}\n").hexdigest(), "644", "root", "root", 0)
    for found, expected in ((same, []), (None, ["sh -s"])):
        assert commands(headscale.policy, {States: {"/p": found}}, path="/p", content="{}\n") == expected


def test_of_machines_of_one_name_the_one_that_is_online() -> None:
    old, new, gone = node((), 1), node((), 5), node((), 9, online=False)
    assert node_of((old, new, gone), "n1") == new
    assert node_of((gone,), "n1") == gone
    assert node_of((), "n1") is None


def test_a_key_that_can_t_be_read_is_not_shown() -> None:
    with pytest.raises(ValueError, match="is no key") as caught:
        parse_key('{"key": "hskey-auth-x"}')
    assert caught.value.__suppress_context__


def test_keys_of_ours_are_taken_back_and_a_client_leaves() -> None:
    (only,) = commands(headscale.expire_keys, {Keys: (Key(3, ("tag:node",)), Key(4, ("tag:x",)))}, tag="tag:node")
    assert "--id 3" in only
    assert "--id 4" not in only
    assert commands(tailscale.log_out, {Status: ClientStatus("NeedsLogin")}) == []
    assert commands(tailscale.log_out, {Status: ClientStatus("Running")}) == ["timeout 60 tailscale logout"]


def test_what_still_opens_the_tailnet_is_taken_back_whoever_made_it() -> None:
    later, before = int(time.time()) + 600, int(time.time()) - 600
    keys = (Key(1, (), ends=later), Key(2, ("tag:x",), spent=True, ends=later), Key(3, (), ends=before), Key(4, ()))
    (only,) = commands(headscale.expire_keys, {Keys: keys})
    assert [number for number in "1234" if f"delete --id {number}" in only] == ["1", "4"]
    assert commands(headscale.expire_keys, {Keys: keys[1:3]}) == []
    assert "does not answer" in commands(headscale.expire_keys, {Keys: None})[0]
