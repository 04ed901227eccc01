"""Joining, preferences and waiting: in each state that a client can be in."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.observed.headscale import Node
from cluster.observed.tailscale import ClientPrefs, ClientStatus
from engine import remote
from facts.tailscale import Prefs, StaleConnections, Status
from operations import tailscale
from tests.unit.operations.fake_host import commands

SERVER = "https://mesh.example"
ROUTES = (IPv4Network("10.0.0.3/32"),)
WANTED = tailscale.Preferences("n1", ROUTES)
SET = ClientPrefs(
    known=True,
    login_server=SERVER,
    hostname="n1",
    accept_routes=True,
    accept_dns=False,
    advertise_routes=("10.0.0.3/32",),
    snat_subnet_routes=False,
)
FRESH = ClientPrefs(known=True)
RUNNING = ClientStatus("Running", node_key="nodekey:1")
KNOWN = (Node(1, "n1", "n1", ("100.64.10.1",), "nodekey:1", ("tag:node",), True, (), (), ()),)
KEY = "hskey-auth-abc-secret"


class Coordinator:
    """Stands for the host that runs headscale: answers, and remembers what it was told."""

    def __init__(self, nodes: tuple[Node, ...] | None = KNOWN, fails: bool = False) -> None:
        self.nodes, self.fails = nodes, fails
        self.told: list[str] = []

    def fact(self, name: str, question: type) -> tuple[Node, ...] | None:
        return self.nodes

    def run(self, name: str, command: str, **_: object) -> str:
        self.told.append(command)
        if self.fails:
            raise remote.RemoteFailure("co: no")
        return f'{{"id": 7, "key": "{KEY}"}}' if "create" in command else ""


@pytest.fixture
def coordinator(monkeypatch: pytest.MonkeyPatch) -> Coordinator:
    return _installed(monkeypatch, Coordinator())


def _installed(monkeypatch: pytest.MonkeyPatch, stub: Coordinator) -> Coordinator:
    monkeypatch.setattr(remote, "fact", stub.fact)
    monkeypatch.setattr(remote, "run", stub.run)
    return stub


def join(status: ClientStatus | None, prefs: ClientPrefs | None = SET, executing: bool = True) -> list[str]:
    return commands(
        tailscale.join,
        {Status: status, Prefs: prefs},
        executing=executing,
        coordinator="co",
        login_server=SERVER,
        tag="tag:node",
        preferences=WANTED,
    )


class TestJoined:
    def test_a_known_running_client_is_left_alone(self, coordinator: Coordinator) -> None:
        assert join(RUNNING) == []
        assert coordinator.told == []

    @pytest.mark.parametrize("state", ["NeedsLogin", "NoState", "absent"])
    def test_a_new_client_logs_in_by_a_key_that_is_gone_afterwards(self, coordinator: Coordinator, state: str) -> None:
        assert len(join(ClientStatus(state), FRESH)) == 2
        create, delete = coordinator.told
        assert create == "headscale preauthkeys create --tags tag:node --expiration 30m --output json"
        assert delete.startswith("headscale preauthkeys delete --id 7")

    def test_the_key_is_in_no_command(self, coordinator: Coordinator) -> None:
        assert KEY not in " ".join([*join(ClientStatus("NeedsLogin"), FRESH), *coordinator.told])

    @pytest.mark.parametrize("state", ["Stopped", "Starting"])
    def test_a_stopped_client_goes_up_without_a_key(self, coordinator: Coordinator, state: str) -> None:
        assert join(ClientStatus(state, node_key="nodekey:1")) == ["timeout 60 tailscale up"]
        assert coordinator.told == []

    def test_a_client_of_another_server_logs_in_again(self, coordinator: Coordinator) -> None:
        assert len(join(RUNNING, ClientPrefs(known=True, login_server="https://old.example"))) == 2

    def test_a_client_that_headscale_has_forgotten_logs_in_again(self, coordinator: Coordinator) -> None:
        assert len(join(ClientStatus("Running", node_key="nodekey:other"))) == 2

    def test_the_preview_makes_no_key(self, coordinator: Coordinator) -> None:
        assert len(join(ClientStatus("absent"), ClientPrefs(known=False), executing=False)) == 1
        assert coordinator.told == []

    def test_the_preview_knows_whom_headscale_will_know(self, coordinator: Coordinator) -> None:
        def joined(after: tuple[str, ...], executing: bool) -> list[str]:
            given = {"coordinator": "co", "login_server": SERVER, "tag": "tag:node", "preferences": WANTED}
            facts = {Status: RUNNING, Prefs: SET}
            return commands(tailscale.join, facts, executing=executing, after=lambda: after, **given)

        assert joined((), executing=False) == ["true"]
        assert joined((), executing=True) == []
        coordinator.nodes = ()
        assert joined(("nodekey:1",), executing=False) == []

    def test_no_key_means_a_reason_and_no_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _installed(monkeypatch, Coordinator(fails=True))
        (only,) = join(ClientStatus("NeedsLogin"), FRESH)
        assert "headscale on co could not make a pre-auth key: co: no" in only

    def test_unknown_is_not_absent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _installed(monkeypatch, Coordinator(nodes=None))
        for found in (join(None), join(RUNNING, None), join(RUNNING)):
            assert found[0].endswith("exit 1")

    def test_a_machine_that_was_registered_by_hand_logs_in_again_for_its_tag(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _installed(monkeypatch, Coordinator((replace(KNOWN[0], tags=()),)))
        assert len(join(RUNNING)) == 2


class TestRotated:
    def rotate(self, statuses: list[ClientStatus | None], executing: bool = True) -> list[str]:
        return commands(
            tailscale.rotate_key,
            {Status: lambda: statuses.pop(0) if len(statuses) > 1 else statuses[0], Prefs: SET},
            executing=executing,
            coordinator="co",
            login_server=SERVER,
            tag="tag:node",
            preferences=WANTED,
            peers=dict,
        )

    def test_a_machine_logs_in_again_by_a_key_that_is_gone_afterwards(self, coordinator: Coordinator) -> None:
        assert len(self.rotate([RUNNING, ClientStatus("Running", node_key="nodekey:2")])) == 2
        assert [told.split()[2] for told in coordinator.told] == ["create", "delete"]

    def test_the_old_key_is_no_success(self, coordinator: Coordinator) -> None:
        assert "a new node key of this host" in self.rotate([RUNNING])[-1]

    def test_who_is_not_in_the_tailnet_is_left_alone(self, coordinator: Coordinator) -> None:
        for status in (None, ClientStatus("NeedsLogin")):
            assert "run the deploy first" in self.rotate([status])[0]
        assert coordinator.told == []

    def test_the_preview_makes_no_key(self, coordinator: Coordinator) -> None:
        assert self.rotate([RUNNING], executing=False) == ["true"]
        assert coordinator.told == []


class TestTalksTo:
    def run(self, found: list[str] | None, **more: Any) -> list[str]:
        given = {"server": "mesh.example.org", "port": 443, "after": [], **more}
        return commands(tailscale.reconnect, {StaleConnections: found}, **given)

    def test_a_client_that_holds_on_to_an_old_address_is_started_again(self) -> None:
        assert self.run([]) == []
        assert self.run(["203.0.113.32"]) == ["systemctl restart tailscaled.service"]

    def test_a_start_that_is_foreseen_does_that_too(self) -> None:
        started = SimpleNamespace(will_change=True)
        assert self.run(["203.0.113.32"], after=[started], executing=False) == []

    def test_unknown_is_not_absent(self) -> None:
        assert "could not be read" in self.run(None)[0]


class TestPreferred:
    def set(self, found: ClientPrefs | None, wanted: object = WANTED, executing: bool = True) -> list[str]:
        return commands(tailscale.set_prefs, {Prefs: found}, executing=executing, preferences=wanted)

    def test_as_wanted(self) -> None:
        assert self.set(SET) == []

    def test_only_differences_are_set(self) -> None:
        found = ClientPrefs(**{**SET.to_json(), "accept_routes": False, "stateful_filtering": True})
        assert self.set(found) == ["tailscale set --accept-routes=true --stateful-filtering=false"]

    def test_routes_of_pods_stay_where_they_are_kept(self) -> None:
        found = ClientPrefs(**{**SET.to_json(), "advertise_routes": ("10.0.0.3/32", "10.244.2.0/24")})
        kept = tailscale.Preferences("n1", ROUTES, IPv4Network("10.244.0.0/16"))
        assert self.set(found, kept) == []
        assert self.set(found) == ["tailscale set --advertise-routes=10.0.0.3/32"]

    def test_the_preview_knows_what_an_earlier_operation_will_have_set(self) -> None:
        found = ClientPrefs(**{**SET.to_json(), "accept_routes": False, "advertise_routes": ()})
        more = tailscale.Preferences("n1", (*ROUTES, IPv4Network("10.244.2.0/24")))

        def preview(wanted: tailscale.Preferences, executing: bool) -> list[str]:
            given = {"preferences": wanted, "after": WANTED}
            return commands(tailscale.set_prefs, {Prefs: found}, executing=executing, **given)

        assert preview(WANTED, executing=False) == []
        assert preview(more, executing=False) == ["tailscale set --advertise-routes=10.0.0.3/32,10.244.2.0/24"]
        assert "--accept-routes=true" in preview(WANTED, executing=True)[0]

    def test_the_preview_takes_no_route_from_a_client_that_is_only_to_come(self) -> None:
        given = {"preferences": WANTED, "after": WANTED}
        assert commands(tailscale.set_prefs, {Prefs: ClientPrefs(known=False)}, executing=False, **given) == []

    def test_no_route_any_more(self) -> None:
        assert self.set(SET, tailscale.Preferences("n1")) == ["tailscale set --advertise-routes="]

    def test_what_is_not_known_yet(self) -> None:
        assert self.set(SET, lambda: None, executing=False) == ["true"]
        assert "are not known" in self.set(SET, lambda: None)[0]
        assert self.set(ClientPrefs(known=False), executing=False) == ["true"]
        assert "could not be read" in self.set(None)[0]
