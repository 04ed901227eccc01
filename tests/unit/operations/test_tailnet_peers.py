"""Waiting for the others, and for one's own routes."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.observed.headscale import Node
from cluster.observed.tailscale import ClientPrefs, ClientStatus, Peer
from engine import remote
from facts.headscale import Nodes
from facts.pings import until_answered
from facts.tailscale import Prefs, Status
from operations import tailnet_peers
from tests.unit.operations.fake_host import commands


class TestSees:
    PEER = Peer("n2", ("100.64.10.2",), ("10.0.0.4/32",), (), True, False, "", "", 0, 0, "none")
    PEERS = {"n2": (IPv4Network("10.0.0.4/32"),)}

    def test_everybody_is_online(self) -> None:
        assert (
            commands(
                tailnet_peers.wait_for_peers,
                {Status: ClientStatus("Running", peers=(self.PEER,))},
                peers=lambda: self.PEERS,
            )
            == []
        )

    def test_what_is_missing_is_named(self) -> None:
        assert list(tailnet_peers.missing_peers(ClientStatus("Running"), self.PEERS)) == [
            "machine n2",
            "route 10.0.0.4/32",
        ]

    def test_a_wait_has_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tailnet_peers, "PEERS_TIMEOUT_S", -1)
        (only,) = commands(tailnet_peers.wait_for_peers, {Status: ClientStatus("Running")}, peers=lambda: self.PEERS)
        assert "machine n2, route 10.0.0.4/32" in only

    @pytest.mark.parametrize("available", [("10.244.1.0/24",), ()])
    def test_a_host_whose_routes_headscale_has_not_heard_says_them_again(
        self, monkeypatch: pytest.MonkeyPatch, available: tuple[str, ...]
    ) -> None:
        """As seen in the lab: told while headscale was restarted, the client reconnected with what it had before."""
        assert self.said(monkeypatch, available=available, served=("10.244.1.0/24",)) == [
            "tailscale set --advertise-routes= && tailscale set --advertise-routes=10.0.0.3/32,10.244.1.0/24"
        ]

    def test_what_headscale_knows_or_the_client_serves_is_not_said_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As seen in the lab: of its own routes a client may learn late."""
        assert self.said(monkeypatch, available=("10.0.0.3/32",), served=()) == []
        assert self.said(monkeypatch, available=(), served=("10.0.0.3/32",)) == []

    def said(self, monkeypatch: pytest.MonkeyPatch, available: tuple[str, ...], served: tuple[str, ...]) -> list[str]:
        monkeypatch.setattr(tailnet_peers, "ADVERTISE_TIMEOUT_S", -1)
        node = Node(1, "n1", "n1", ("100.64.10.1",), "nodekey:1", ("tag:node",), True, available, available, ())
        monkeypatch.setattr(remote, "fact", lambda name, question: {("co", Nodes): (node,)}[name, question])
        asked = {
            Prefs: ClientPrefs(known=True, advertise_routes=("10.0.0.3/32", "10.244.1.0/24")),
            Status: ClientStatus("Running", node_key="nodekey:1", routes=served, peers=(self.PEER,)),
        }
        own = [IPv4Network("10.0.0.3/32")]
        return commands(
            tailnet_peers.wait_for_peers, asked, peers=lambda: self.PEERS, coordinator="co", own=lambda: own
        )


class TestPaths:
    CHANGED, SAME = SimpleNamespace(did_change=lambda: True), SimpleNamespace(did_change=lambda: False)

    def waited(
        self, monkeypatch: pytest.MonkeyPatch, after: list[Any], silent: str = ""
    ) -> tuple[list[str], list[str]]:
        """What is done, and the scripts that were asked."""
        asked: list[str] = []

        def ask(name: str, script: str, timeout_s: int) -> str:
            asked.append(script)
            return silent

        monkeypatch.setattr(remote, "ask", ask)
        operation = tailnet_peers.wait_for_paths
        return commands(operation, {}, addresses=lambda: ["10.0.0.1", "10.0.0.2"], after=after), asked

    def test_nothing_is_asked_if_nothing_has_changed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.waited(monkeypatch, [self.SAME]) == ([], [])

    @pytest.mark.parametrize("silent", ["", "10.0.0.2\n"])
    def test_a_path_that_stays_down_is_no_failure(self, monkeypatch: pytest.MonkeyPatch, silent: str) -> None:
        done, asked = self.waited(monkeypatch, [self.SAME, self.CHANGED], silent)
        assert done == []
        assert len(asked) == 1


@pytest.mark.parametrize(("answers_at", "printed"), [(1, ""), (3, ""), (99, "10.0.0.2\n")])
def test_pings_go_on_until_the_last_has_answered(tmp_path: Path, answers_at: int, printed: str) -> None:
    """`ping` answers for one address at once, for the other at its n-th call."""
    ping = tmp_path / "ping"
    ping.write_text(
        f'#!/bin/sh\nfor at do :; done; test "$at" = 10.0.0.1 && exit 0\n'
        f'echo >> {tmp_path}/calls; test "$(wc -l < {tmp_path}/calls)" -ge {answers_at}\n'
    )
    ping.chmod(0o755)
    script = until_answered(["10.0.0.1", "10.0.0.2"], 2 if answers_at == 99 else 60)
    done = subprocess.run(
        ["sh", "-c", script], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.returncode) == (printed.strip(), 0)
