"""Which ports are tried by whom, and what the answers mean."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import pytest

from cluster.model import Certificate, Cluster, Host, Site
from cluster.observed.door import Outcome
from cluster.preflight import door
from cluster.preflight.coordination_name import OPERATOR
from cluster.preflight.door import Answers, Attempt, Entrance
from cluster.providers import ORACLE
from cluster.support import CLOSED_UDP

CLOUD = Site(site="cloud", lan="10.1.0.0/24", nat="one_to_one")
RENTED = Site(site="rented", lan="10.2.0.0/24", nat="one_to_one")
HOME = Site(site="home", lan="192.168.9.0/24", nat="masquerade")


def host(name: str, site: Site, number: int, **keys: object) -> Host:
    lan = site.lan[number]
    public = {"public_address": f"203.0.113.{number}"} if site.nat == "one_to_one" else {}
    return Host(name=name, site=site, lan_address=str(lan), ssh_hostname=name, **{**public, **keys})  # type: ignore[arg-type]


GATE = host("gate", CLOUD, 1, roles=("gateway",))
HUB = host("hub", CLOUD, 2, roles=("coordinator",))
LIMB = host("limb", CLOUD, 3)
VPS = host("vps", RENTED, 4)
DEN = host("den", HOME, 5)
ATTIC = host("attic", HOME, 6)
CLUSTER = Cluster(hosts=(GATE, HUB, LIMB, VPS, DEN, ATTIC), coordination_name="mesh.example.org")
NAMES = [one.name for one in CLUSTER.hosts]
LOGIN = Entrance("gate", "203.0.113.1", "tcp", 443)
CHALLENGE = Entrance("gate", "203.0.113.1", "tcp", 80)
INNER = Entrance("hub", "10.1.0.2", "tcp", 8080, "10.1.0.1/32")
STUN = Entrance("hub", "203.0.113.2", "udp", 3478)
DIRECT = {name: Entrance(name, f"203.0.113.{number}", "udp", 41641) for number, name in enumerate(NAMES[:4], 1)}
SSH = Entrance("gate", "203.0.113.1", "tcp", 22)


def test_what_others_need() -> None:
    assert door.entrances(CLUSTER, is_acme=True) == [LOGIN, CHALLENGE, INNER, STUN, *DIRECT.values()]
    assert CHALLENGE not in door.entrances(CLUSTER, is_acme=False)


def test_another_port_and_an_ipv6_address_of_the_gateway() -> None:
    certificate = Certificate(certificate="a", key="b")
    cluster = CLUSTER.model_copy(update={"coordination_port": 8443, "certificate": certificate})
    found = [
        one for one in door.entrances(cluster, False, ["2001:db8::1"]) if one.host == "gate" and one.protocol == "tcp"
    ]
    assert [(one.address, one.port) for one in found] == [("203.0.113.1", 8443), ("2001:db8::1", 8443)]


def test_a_host_that_accepts_the_relay_is_left_out() -> None:
    quiet = VPS.model_copy(update={"exceptions": (CLOSED_UDP,)})
    cluster = CLUSTER.model_copy(update={"hosts": (GATE, HUB, LIMB, quiet, DEN)})
    assert DIRECT["vps"] not in door.entrances(cluster, is_acme=True)
    assert DIRECT["limb"] in door.entrances(cluster, is_acme=True)


def by(
    entrance: Entrance, present: list[str] = NAMES, fresh: list[str] = NAMES, cluster: Cluster = CLUSTER
) -> list[str]:
    tried = door.attempts(cluster, door.entrances(cluster, is_acme=True), present, fresh)
    return [one.by for one in tried if one.entrance == entrance]


def test_one_host_of_each_other_site_and_the_operator_try_each_port() -> None:
    assert by(LOGIN) == ["vps", "den", OPERATOR]
    assert by(STUN) == ["vps", "den", OPERATOR]
    assert by(DIRECT["vps"]) == ["gate", "den", OPERATOR]
    assert by(SSH) == [OPERATOR]


def test_only_hosts_of_the_run_try_anything() -> None:
    assert by(LOGIN, present=["gate", "attic"]) == ["attic", OPERATOR]


def test_a_second_lan_behind_the_same_router_is_no_outside() -> None:
    annex = Site(site="annex", lan="192.168.20.0/24", nat="masquerade")
    shared = {"public_address": "198.51.100.5"}
    nas = host("nas", HOME, 7, roles=("gateway", "coordinator"), **shared)
    hosts = (nas, host("shed", annex, 8, **shared), VPS)
    cluster = CLUSTER.model_copy(update={"hosts": hosts})
    names = [one.name for one in hosts]
    login = Entrance("nas", "198.51.100.5", "tcp", 443, is_forwarded=True)
    assert by(login, present=names, fresh=names, cluster=cluster) == ["vps", OPERATOR]


def test_of_joined_hosts_only_the_login_is_tried_by_a_new_one() -> None:
    assert by(LOGIN, fresh=["attic"]) == ["attic"]
    assert by(CHALLENGE, fresh=["attic"]) == []
    assert by(STUN, fresh=["attic"]) == []
    assert by(DIRECT["vps"], fresh=["vps"]) == ["gate", "den", OPERATOR]
    assert by(DIRECT["limb"], fresh=["vps"]) == []
    assert door.attempts(CLUSTER, door.entrances(CLUSTER, is_acme=True), NAMES, []) == []


def test_the_gateway_tries_headscale_on_the_coordinator() -> None:
    assert by(INNER) == ["gate"]
    assert by(INNER, fresh=["gate"]) == by(INNER, fresh=["hub"]) == ["gate"]
    assert by(INNER, fresh=["limb"]) == by(INNER, present=["hub"], fresh=["hub"]) == []
    one_host = GATE.model_copy(update={"roles": ("gateway", "coordinator")})
    found = door.entrances(CLUSTER.model_copy(update={"hosts": (one_host, LIMB, DEN)}), is_acme=True)
    assert [one for one in found if one.port == 8080] == []


def test_one_site_needs_no_udp_from_outside() -> None:
    alone = CLUSTER.model_copy(update={"hosts": (GATE, HUB, LIMB)})
    assert by(LOGIN, cluster=alone) == [OPERATOR]
    assert by(STUN, cluster=alone) == []
    assert by(DIRECT["limb"], cluster=alone) == []
    rack = Site(site="rack", lan="192.168.7.0/24", nat="none")
    inside = CLUSTER.model_copy(
        update={"hosts": (host("gate", rack, 1, roles=("gateway", "coordinator")), host("limb", rack, 2))}
    )
    assert door.attempts(inside, door.entrances(inside, is_acme=False), ["gate", "limb"], ["gate", "limb"]) == []


def test_a_request_is_stun_s_with_its_mark_and_fingerprint() -> None:
    request = door.binding_request(b"0123456789ab")
    assert request[:8] == bytes.fromhex("0001001421 12a442".replace(" ", ""))
    assert request[8:20] == b"0123456789ab"
    assert len(request) == 20 + int.from_bytes(request[2:4], "big")
    assert int.from_bytes(request[-4:], "big") == zlib.crc32(request[:-8]) ^ 0x5354554E


def answers(
    outcomes: Mapping[tuple[str, Entrance], Outcome],
    arrived: tuple[tuple[str, Entrance], ...] = (),
    watched: tuple[str, ...] = ("gate", "hub", "limb", "vps"),
) -> Answers:
    made = {Attempt(*key): outcome for key, outcome in {(OPERATOR, SSH): "open", **outcomes}.items()}
    return Answers(made, frozenset(Attempt(*key) for key in arrived), frozenset(watched))  # type: ignore[arg-type]


def closed(found: Answers, is_certain: bool = True) -> list[tuple[Entrance, tuple[str, ...]]]:
    return [(one.entrance, one.silent) for one in door.closed(CLUSTER, found, is_certain)]


@pytest.mark.parametrize("outcome", ["open", "refused", "prohibited"])
def test_any_answer_came_through_the_cloud(outcome: Outcome) -> None:
    everybody = {("vps", LOGIN): outcome, ("den", LOGIN): outcome, (OPERATOR, LOGIN): outcome, ("den", STUN): outcome}
    assert closed(answers(everybody)) == []


def test_silence_of_tcp_is_a_closed_port() -> None:
    silent: dict[tuple[str, Entrance], Outcome] = {(by, LOGIN): "silent" for by in ("vps", "den", OPERATOR)}
    assert closed(answers(silent)) == [(LOGIN, ("vps", "den", OPERATOR))]
    assert closed(answers(silent, watched=())) == [(LOGIN, ("vps", "den", OPERATOR))]


def test_packets_that_the_host_saw_came_through() -> None:
    """Its own packet filter drops them, which is another matter: the deploy admits them there."""
    silent: dict[tuple[str, Entrance], Outcome] = {("vps", LOGIN): "silent", ("den", STUN): "silent"}
    assert closed(answers(silent, arrived=(("vps", LOGIN), ("den", STUN)))) == []


def test_silence_of_udp_proves_nothing_if_the_host_could_not_look() -> None:
    silent: dict[tuple[str, Entrance], Outcome] = {("vps", STUN): "silent", (OPERATOR, STUN): "silent"}
    assert closed(answers(silent, watched=())) == []
    assert closed(answers(silent, watched=()), is_certain=False) == [(STUN, ("vps",))]
    assert closed(answers(silent)) == [(STUN, ("vps",))]


def test_the_login_must_be_open_to_each_site() -> None:
    mixed: dict[tuple[str, Entrance], Outcome] = {
        ("vps", LOGIN): "refused",
        ("den", LOGIN): "silent",
        (OPERATOR, LOGIN): "silent",
    }
    assert closed(answers(mixed)) == [(LOGIN, ("den",))]
    (problem,) = door.problems(CLUSTER, answers(mixed), {})
    assert problem.what == "no packet from den (home) arrives at 203.0.113.1, while others do (from vps (rented))"
    assert problem.fix.endswith("; if it is there, let home send to TCP 443")


def test_elsewhere_one_way_in_proves_that_the_port_is_open() -> None:
    """A site may block its own way out: then its paths go by the relay."""
    mixed: dict[tuple[str, Entrance], Outcome] = {
        ("vps", STUN): "refused",
        ("den", STUN): "silent",
        (OPERATOR, CHALLENGE): "silent",
    }
    assert closed(answers({**mixed, ("vps", CHALLENGE): "refused"})) == []


def test_an_operator_who_does_not_reach_ssh_there_is_no_witness() -> None:
    silent: dict[tuple[str, Entrance], Outcome] = {(OPERATOR, SSH): "silent", (OPERATOR, CHALLENGE): "silent"}
    assert closed(answers(silent)) == []
    assert closed(answers({(OPERATOR, CHALLENGE): "silent"})) == [(CHALLENGE, (OPERATOR,))]


def test_who_has_no_way_out_is_no_witness() -> None:
    assert closed(answers({("den", LOGIN): "unreachable", (OPERATOR, LOGIN): "unreachable"})) == []


def test_a_problem_has_port_direction_witnesses_and_the_cloud_s_own_rule() -> None:
    silent: dict[tuple[str, Entrance], Outcome] = {(by, LOGIN): "silent" for by in ("vps", "den", OPERATOR)}
    (problem,) = door.problems(CLUSTER, answers(silent), {"gate": ORACLE})
    assert problem.where == "gate TCP 443, inbound"
    assert problem.what == "no packet from vps (rented), den (home) and the operator's machine arrives at 203.0.113.1"
    assert problem.why == (
        "hosts log in there; Oracle's security list drops it: the host would have answered, or refused it"
    )
    assert problem.fix == ORACLE.rule("tcp", 443, "203.0.113.1")


def test_what_the_gateway_alone_needs_is_admitted_for_it_alone() -> None:
    (problem,) = door.problems(CLUSTER, answers({("gate", INNER): "silent"}), {"hub": ORACLE})
    assert problem.where == "hub TCP 8080, inbound"
    assert "0.0.0.0/0" not in problem.fix
    assert '"source": "10.1.0.1/32"' in problem.fix


def test_hosts_of_a_site_are_one_problem() -> None:
    silent: dict[tuple[str, Entrance], Outcome] = {
        ("den", entrance): "silent" for entrance in (DIRECT["hub"], DIRECT["limb"], DIRECT["vps"])
    }
    first, second = door.problems(CLUSTER, answers(silent), {"hub": ORACLE, "limb": ORACLE})
    assert (first.where, second.where) == ("hub, limb UDP 41641, inbound", "vps UDP 41641, inbound")
    assert "arrives at 203.0.113.2, 203.0.113.3" in first.what
    assert first.fix.endswith('. To accept slow paths by the relay instead: exceptions = ("closed-udp",)')
    assert "a packet filter in front of the host drops it" in second.why


def test_ipv6_is_closed() -> None:
    entrance = Entrance("gate", "2001:db8::1", "tcp", 443)
    (problem,) = door.problems(CLUSTER, answers({("vps", entrance): "silent"}), {})
    assert problem.fix == "delete the AAAA record of mesh.example.org, or admit TCP 443 from ::/0 as well"


def test_a_site_whose_own_ipv6_leads_nowhere_is_no_witness() -> None:
    """Its clients fall back to IPv4."""
    entrance = Entrance("gate", "2001:db8::1", "tcp", 443)
    assert closed(answers({("vps", entrance): "refused", ("den", entrance): "silent"})) == []


def test_silence_of_udp_is_not_proven_by_the_operator_alone() -> None:
    there = Entrance("hub", "203.0.113.2", "tcp", 22)
    silent: dict[tuple[str, Entrance], Outcome] = {(OPERATOR, there): "open", (OPERATOR, STUN): "silent"}
    assert closed(answers(silent)) == []
    assert closed(answers({**silent, ("den", STUN): "silent"})) == [(STUN, (OPERATOR, "den"))]
