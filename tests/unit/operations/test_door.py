"""The trial as a whole: who is asked in which order, and what a host does that can't try or look."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from cluster.model import Cluster
from cluster.observed.door import Outcome, Outside
from engine import remote
from operations import door
from tests.unit.cluster.preflight.test_door import CLUSTER, DEN, NAMES, VPS

RIGHT = ("203.0.113.1",)
FRESH = {name: Outside({"chassis_asset_tag": "OracleCloud.com"}, (), RIGHT) for name in NAMES}


class World:
    """What answers: by host name or "", the outcome of each attempt; what is asked, in order."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        outcome: Callable[[str, str, int], Outcome],
        leads: tuple[str, ...] = RIGHT,
    ) -> None:
        self.asked: list[str] = []
        self.outcome, self.arrives, self.can_look = outcome, lambda host, port: False, True
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setattr(door.remote, "ask", self.ask)
        monkeypatch.setattr(door.questions, "attempts_script", lambda entries, seconds: ("try", entries))
        monkeypatch.setattr(door.questions, "watch_script", lambda entries, seconds: ("watch", entries))
        monkeypatch.setattr(door.knocks, "addresses_of", lambda name: leads)
        monkeypatch.setattr(door.knocks, "attempts", lambda entries, seconds: self.tried("", entries))

    def tried(self, by: str, entries: dict[int, tuple[str, str, int, str, bool]]) -> dict[int, Outcome]:
        self.asked.append(f"{by} tries")
        return {number: self.outcome(by, protocol, port) for number, (protocol, _, port, _, _) in entries.items()}

    def ask(self, name: str, script: tuple[str, dict[int, tuple[str, str, int, str, bool]]], timeout_s: int) -> str:
        kind, entries = script
        if kind == "try":
            return "\n".join(f"{number} {outcome}" for number, outcome in self.tried(name, entries).items())
        self.asked.append(f"{name} looks")
        if not self.can_look:
            raise remote.RemoteFailure("perl: not found")
        ports = {number: entry[1] for number, entry in entries.items()}
        return "\n".join(["watching", *(str(number) for number, port in ports.items() if self.arrives(name, port))])  # type: ignore[arg-type]

    def problems(self, cluster: Cluster = CLUSTER) -> list[str]:
        return [problem.where for problem in door.problems(cluster, NAMES, FRESH, is_acme=True)]


def only(closed: int) -> Callable[[str, str, int], Outcome]:
    return lambda by, protocol, port: "silent" if port == closed else "refused"


def test_all_open_is_one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, lambda by, protocol, port: "refused")
    assert world.problems() == []
    assert sorted(world.asked) == [" tries", "den tries", "gate tries", "vps tries"]


@pytest.mark.parametrize(
    ("port", "where"),
    [
        (443, "gate TCP 443, inbound"),
        (80, "gate TCP 80, inbound"),
        (3478, "hub UDP 3478, inbound"),
        (41641, "gate, hub, limb UDP 41641, inbound"),
    ],
)
def test_each_port_that_is_closed_is_named(monkeypatch: pytest.MonkeyPatch, port: int, where: str) -> None:
    world = World(monkeypatch, only(port))
    assert where in world.problems()
    assert any(asked.endswith("looks") for asked in world.asked)


def test_what_arrives_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, only(41641))
    world.arrives = lambda host, port: True
    assert world.problems() == []


def test_a_host_that_can_not_look_proves_nothing_about_udp(monkeypatch: pytest.MonkeyPatch) -> None:
    for port, found in ((3478, []), (443, ["gate TCP 443, inbound"])):
        world = World(monkeypatch, only(port))
        world.can_look = False
        assert world.problems() == found


def test_an_operator_behind_a_proxy_that_answers_everything_does_not_try(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, lambda by, protocol, port: "refused", leads=("198.18.0.9",))
    assert world.problems() == []
    assert " tries" not in world.asked


def test_an_operator_whose_programs_use_a_proxy_does_not_try(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, lambda by, protocol, port: "refused" if by else "silent")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    assert world.problems() == []
    assert " tries" not in world.asked


def test_an_aaaa_record_is_no_problem_if_the_gateway_can_not_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, lambda by, protocol, port: "refused", leads=(*RIGHT, "2001:db8::1"))
    monkeypatch.setattr(door.remote, "fact", lambda *_, **__: None)
    others = {name: one for name, one in FRESH.items() if name != "gate"}
    assert door.problems(CLUSTER, list(others), others, is_acme=True) == []
    assert "vps tries" in world.asked


def test_the_name_and_the_ports_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, only(443), leads=("198.51.100.7",))
    assert world.problems() == ["coordination_name mesh.example.org", "gate TCP 443, inbound"]


def test_an_aaaa_record_of_the_gateway_is_tried_too(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, lambda by, protocol, port: "refused", leads=(*RIGHT, "2001:db8::1"))
    assert world.problems() == ["coordination_name mesh.example.org"]
    own = {**FRESH, "gate": Outside({}, ("2001:db8::1",), RIGHT)}
    assert door.problems(CLUSTER, NAMES, own, is_acme=True) == []


def test_behind_a_router_only_what_the_host_sees_came_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The router may answer in the host's place: by its own pages, or by refusing."""
    nas = DEN.model_copy(update={"roles": ("gateway", "coordinator"), "public_address": IPv4Address("198.51.100.5")})
    cluster = CLUSTER.model_copy(update={"hosts": (nas, VPS)})
    fresh = {name: Outside({}, (), ("198.51.100.5",)) for name in ("den", "vps")}
    world = World(monkeypatch, lambda by, protocol, port: "open", leads=("198.51.100.5",))
    forwarded = {443, 80, 3478}
    world.arrives = lambda host, port: port in forwarded
    assert door.problems(cluster, ["den", "vps"], fresh, is_acme=True) == []
    forwarded.remove(443)
    (problem,) = door.problems(cluster, ["den", "vps"], fresh, is_acme=True)
    assert problem.where == "den TCP 443, inbound"
    assert problem.what == "no packet from vps (rented) and the operator's machine to 198.51.100.5 arrives at den"
    assert problem.why == "hosts log in there; the router does not forward it to den"
    assert problem.fix == "in the router at 198.51.100.5, forward TCP 443 to 192.168.9.5, port 443"
    world.can_look = False
    assert door.problems(cluster, ["den", "vps"], fresh, is_acme=True) == []
