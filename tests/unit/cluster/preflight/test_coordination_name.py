"""Where the coordination name may lead, for whom, and what is wrong with any other answer."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from cluster.model import Cluster, Host, Site
from cluster.preflight.coordination_name import OPERATOR, is_reliable, problems

CLOUD = Site(site="cloud", lan="10.1.0.0/24", nat="one_to_one")
HOME = Site(site="home", lan="192.168.9.0/24", nat="masquerade")
GATEWAY = Host(
    name="gate",
    site=CLOUD,
    lan_address="10.1.0.1",
    public_address="203.0.113.1",
    ssh_hostname="203.0.113.1",
    roles=("gateway", "coordinator"),
)
NEIGHBOUR = Host(
    name="near", site=CLOUD, lan_address="10.1.0.2", public_address="203.0.113.2", ssh_hostname="203.0.113.2"
)
FAR = Host(name="far", site=HOME, lan_address="192.168.9.2", ssh_hostname="far")
CLUSTER = Cluster(hosts=(GATEWAY, NEIGHBOUR, FAR), coordination_name="mesh.example.org")
RIGHT = "203.0.113.1"


def found(
    answers: dict[str, tuple[str, ...]], addresses6: tuple[str, ...] = (), cluster: Cluster = CLUSTER
) -> list[str]:
    return [f"{problem.what} / {problem.fix}" for problem in problems(cluster, answers, addresses6)]


@pytest.mark.parametrize(
    "answers",
    [
        {OPERATOR: (RIGHT,), "far": (RIGHT,)},
        # Within the gateway's site the name may lead to its LAN address, or anywhere.
        {OPERATOR: (RIGHT,), "near": ("10.1.0.1",), "gate": ("10.1.0.1",)},
        # No answer is preflight's own problem.
        {OPERATOR: (), "far": ()},
        # A network without IPv4 makes IPv6 addresses of A records.
        {OPERATOR: (RIGHT, "64:ff9b::cb00:7101")},
        {"far": (RIGHT, "2001:db8:64::cb00:7101")},
        # A proxy on the operator's machine invents an address for every name.
        {OPERATOR: ("198.18.0.37",), "far": (RIGHT,)},
    ],
)
def test_what_is_right(answers: dict[str, tuple[str, ...]]) -> None:
    assert found(answers) == []


def test_another_address() -> None:
    (problem,) = problems(CLUSTER, {OPERATOR: ("198.51.100.9",), "far": ("198.51.100.9",)}, ())
    assert str(problem).splitlines() == [
        "coordination_name mesh.example.org",
        "    what  it leads to 198.51.100.9 (asked on the operator's machine, far); the gateway gate is 203.0.113.1",
        "    why   hosts log in there, and the certificate is obtained there: elsewhere both fail, sometimes or always",
        "    fix   give mesh.example.org one A record, 203.0.113.1; then check it on a host: getent ahostsv4 mesh.example.org",
    ]


def test_two_addresses() -> None:
    assert found({"far": (RIGHT, "198.51.100.9")}) == [
        "it also leads to 198.51.100.9 (asked on far); the gateway gate is 203.0.113.1 / "
        "give mesh.example.org one A record, 203.0.113.1; then check it on a host: getent ahostsv4 mesh.example.org"
    ]


def test_different_answers_are_different_problems() -> None:
    assert len(found({OPERATOR: ("198.51.100.9",), "far": ("198.51.100.8",)})) == 2


def test_the_same_address_is_one_problem_whoever_has_more() -> None:
    texts = found({OPERATOR: ("198.51.100.9", "2001:db8::1"), "far": ("198.51.100.9",)})
    assert len(texts) == 2
    assert "198.51.100.9 (asked on the operator's machine, far)" in texts[0]
    assert "2001:db8::1 (asked on the operator's machine)" in texts[1]


def test_somebody_s_proxy_is_named_once_for_both_families() -> None:
    (text,) = found({OPERATOR: ("104.21.0.1", "172.67.1.1", "2606:4700::6815:1")})
    assert "Cloudflare's proxy" in text
    assert "switch the record to “DNS only”" in text


def test_ipv6_that_leads_elsewhere() -> None:
    answers = {OPERATOR: (RIGHT, "2001:db8::1")}
    assert found(answers) == [
        "its AAAA record leads to 2001:db8::1 (asked on the operator's machine), which is no address of the gateway gate / "
        "delete the AAAA record of mesh.example.org, or correct it; then check it on a host: getent ahostsv6 mesh.example.org"
    ]
    assert found(answers, ("2001:db8::2",)) != []
    assert found(answers, ("2001:0db8:0::1",)) == []
    assert problems(CLUSTER, answers, None) == []


def test_a_lan_address_is_right_for_an_operator_within_the_lan_only() -> None:
    answers = {OPERATOR: ("10.1.0.1",)}
    assert len(found(answers)) == 1
    for within in ("10.1.0.1", "gate.lan"):
        inside = GATEWAY.model_copy(update={"ssh_hostname": within})
        assert found(answers, cluster=CLUSTER.model_copy(update={"hosts": (inside, NEIGHBOUR, FAR)})) == []


def test_a_gateway_without_an_address_outside_is_left_to_the_inventory_s_checks() -> None:
    hidden = GATEWAY.model_copy(update={"public_address": None})
    assert found({OPERATOR: ("198.51.100.9",)}, cluster=CLUSTER.model_copy(update={"hosts": (hidden, FAR)})) == []


def test_an_invented_answer_makes_its_machine_no_witness() -> None:
    assert not is_reliable(CLUSTER, ("198.18.0.37",))
    assert is_reliable(CLUSTER, ())
    assert is_reliable(CLUSTER, ("198.51.100.9", "2001:db8::1"))


def test_in_a_laboratory_such_addresses_are_real() -> None:
    there = GATEWAY.model_copy(update={"public_address": IPv4Address("198.18.1.5")})
    cluster = CLUSTER.model_copy(update={"hosts": (there, NEIGHBOUR, FAR)})
    assert is_reliable(cluster, ("198.18.1.9",))
    assert found({OPERATOR: ("198.18.1.5",)}, cluster=cluster) == []
    assert len(found({OPERATOR: ("198.18.1.9",)}, cluster=cluster)) == 1
