"""Waiting for the others, and for one's own routes."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from cluster.observed.headscale import Node
from cluster.observed.tailscale import ClientPrefs, ClientStatus, Peer
from engine import remote
from facts.headscale import Nodes
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
