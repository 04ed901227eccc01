"""Waiting for the others, and for one's own routes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from facts.tailscale import ClientPrefs, ClientStatus, Peer, Prefs, Status
from operations import peers
from tests.engine import commands


class TestSees:
    PEER = Peer("n2", ("100.64.10.2",), ("10.0.0.4/32",), (), True, False, "", "", 0, 0, "none")
    PEERS = {"n2": (IPv4Network("10.0.0.4/32"),)}

    def test_everybody_is_online(self) -> None:
        assert (
            commands(peers.sees, {Status: ClientStatus("Running", peers=(self.PEER,))}, peers=lambda: self.PEERS) == []
        )

    def test_what_is_missing_is_named(self) -> None:
        assert list(peers.unseen(ClientStatus("Running"), self.PEERS)) == ["machine n2", "route 10.0.0.4/32"]

    def test_a_wait_has_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(peers, "SEEN_TIMEOUT_S", -1)
        (only,) = commands(peers.sees, {Status: ClientStatus("Running")}, peers=lambda: self.PEERS)
        assert "machine n2, route 10.0.0.4/32" in only

    def test_a_host_whose_routes_were_not_heard_says_them_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As seen in the lab: told while headscale was restarted, the client reconnected with what it had before."""
        monkeypatch.setattr(peers, "HEARD_TIMEOUT_S", -1)
        monkeypatch.setattr(peers, "SEEN_TIMEOUT_S", -1)
        prefs = ClientPrefs(known=True, advertise_routes=("10.0.0.3/32", "10.244.1.0/24"))
        asked = {Prefs: prefs, Status: ClientStatus("Running", routes=("10.244.1.0/24",), peers=(self.PEER,))}
        again, failed = commands(peers.sees, asked, peers=lambda: self.PEERS, own=lambda: [IPv4Network("10.0.0.3/32")])
        assert (
            again == "tailscale set --advertise-routes= && tailscale set --advertise-routes=10.0.0.3/32,10.244.1.0/24"
        )
        assert "route 10.0.0.3/32 of its own" in failed

    @pytest.mark.parametrize(
        "served", [{"routes": ("10.0.0.3/32",)}, {"peers": (replace(PEER, routes=("10.0.0.4/32", "10.0.0.3/32")),)}]
    )
    def test_a_route_that_is_served_is_not_said_again(self, served: dict[str, Any]) -> None:
        status = replace(ClientStatus("Running", peers=(self.PEER,)), **served)
        own = [IPv4Network("10.0.0.3/32")]
        assert commands(peers.sees, {Status: status, Prefs: None}, peers=lambda: self.PEERS, own=lambda: own) == []
