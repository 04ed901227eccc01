"""Tables of nftables that refuse what a host needs are named, and what the fix types is accepted by the next check.

The rule sets are outputs of nft 1.0.6 and firewalld 1.3.3; each `-mended` one was recorded after the commands of the fix were typed.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from cluster.model import Cluster, Host
from cluster.observed.nftables import NftChain, Ruleset, parse_ruleset
from cluster.packet_path import refusals
from cluster.packets import needed
from cluster.preflight import packet_filter
from cluster.problems import LONGEST_FIX, Problem
from tests.places import CASES
from tests.unit.cluster.preflight.test_hosts import CLUSTER, GATEWAY, NODE, SITE

FOLDER = CASES / "nftables"


def ruleset(name: str) -> Ruleset:
    addresses = [f"address eth0 {host.lan_address}/24" for host in (NODE, GATEWAY)]
    return parse_ruleset([*addresses, *(FOLDER / f"{name}.txt").read_text().splitlines()])


def problems(name: str, host: Host = NODE, cluster: Cluster = CLUSTER) -> list[Problem]:
    return packet_filter.problems(cluster, host, ruleset(name))


def test_a_policy_of_drop_is_named_with_commands_that_admit() -> None:
    of_input, of_forward = problems("debian-drop")
    assert of_input.what == ("chain inet filter input refuses UDP 41641, packets from tailscale0, packets from cni0")
    assert of_forward.what == "chain inet filter forward refuses packets from cni0, packets to cni0"
    assert of_forward.fix.startswith("nft insert rule inet filter forward 'iifname \"cni0\" accept'; ")
    typed = (FOLDER / "debian-drop-mended.typed").read_text().splitlines()
    wanted = [part for problem in (of_input, of_forward) for part in problem.fix.split("; ") if part.startswith("nft ")]
    assert typed == wanted, "record debian-drop-mended.txt again with these commands"
    assert problems("debian-drop-mended") == []


def test_firewalld_is_admitted_in_its_own_manner() -> None:
    (problem,) = problems("firewalld-before", GATEWAY)
    assert problem.where == "g firewalld"
    assert problem.fix == (
        "start it (systemctl start firewalld), and the deploy admits it; by hand: "
        "firewall-cmd --permanent --zone=trusted --add-interface=tailscale0; firewall-cmd --permanent --add-port=41641/udp; "
        "firewall-cmd --permanent --add-port=80/tcp; firewall-cmd --permanent --add-port=443/tcp; "
        "firewall-cmd --permanent --add-port=3478/udp; firewall-cmd --reload"
    )
    everybody = CLUSTER.model_copy(update={"api_access": (IPv4Network("0.0.0.0/0"),)})
    (problem,) = problems("firewalld-before", cluster=everybody)
    assert (
        "--zone=trusted --add-interface=tailscale0; firewall-cmd --permanent --zone=trusted --add-interface=cni0; "
        in problem.fix
    )
    assert "--add-port=6443/tcp" in problem.fix
    worker = NODE.model_copy(update={"name": "w", "roles": ("worker",)})
    # Recorded after these commands for a worker: both links in the zone trusted, 41641/udp open.
    assert problems("firewalld-after", worker) == []


def test_firewalld_that_answers_is_no_problem() -> None:
    """The deploy itself admits what is needed, by firewalld's own command."""
    answering = replace(ruleset("firewalld-before"), has_firewalld=True)
    assert packet_filter.problems(CLUSTER, NODE, answering) == []
    assert len(packet_filter.problems(CLUSTER, NODE, replace(ruleset("debian-drop"), has_firewalld=True))) == 2


def test_a_rule_for_one_network_is_a_rich_rule_of_firewalld() -> None:
    few = CLUSTER.model_copy(update={"api_access": (SITE.lan,)})
    (problem,) = problems("firewalld-before", cluster=few)
    assert (
        """--add-rich-rule=rule family="ipv4" source address="10.1.0.0/24" port port="6443" protocol="tcp" accept'"""
        in problem.fix
    )


def test_a_fix_is_never_cut_within_a_command() -> None:
    """Many networks in api_access need more commands than a fix has room for."""
    many = CLUSTER.model_copy(update={"api_access": tuple(IPv4Network(f"198.51.100.{at}/32") for at in range(20))})
    for name, command, ends in (
        ("debian-drop", "nft insert rule ", " accept'"),
        ("firewalld-before", "firewall-cmd ", ""),
    ):
        problem = problems(name, cluster=many)[0]
        assert len(problem.fix) <= LONGEST_FIX
        commands = [part for part in problem.fix.split("; ") if command in part]
        assert len(commands) > 2
        assert all(part.endswith(ends) for part in commands)
        assert "; run this again, which names " in problem.fix


@pytest.mark.parametrize("at", ["first", "last"])
def test_an_element_for_all_else_counts_if_no_other_fits(at: str) -> None:
    """`tcp dport vmap { 6443 : accept, * : drop }`, with the two in either order."""
    element, all_else = [6443, {"accept": None}], ["*", {"drop": None}]
    port = {"payload": {"protocol": "tcp", "field": "dport"}}
    listed = [all_else, element] if at == "first" else [element, all_else]
    rule = ({"vmap": {"key": port, "data": {"set": listed}}},)
    chain = NftChain("inet", "own", "in", kind="filter", hook="input", rules=(rule,))
    packets = [
        packet for packet in needed(CLUSTER, NODE, "eth0") if packet.hook == "input" and packet.protocol == "tcp"
    ]
    admitted, refused = replace(packets[0], port=6443), replace(packets[0], port=443)
    (found,) = refusals(Ruleset({chain.place: chain}), [admitted, refused])
    assert found.packets == (refused,)


def test_sets_maps_and_limits_are_read() -> None:
    """All that a control plane needs is admitted by sets, verdict maps and a wildcard."""
    everybody = CLUSTER.model_copy(update={"api_access": (IPv4Network("0.0.0.0/0"),)})
    assert problems("sets-and-maps", cluster=everybody) == []
    (problem,) = problems("sets-and-maps", cluster=everybody.model_copy(update={"api_port": 10443}))
    assert problem.what == "chain ip firewall in refuses TCP 10443"


def test_what_pretends_to_come_from_reserved_networks_may_be_dropped() -> None:
    """`ip saddr { 0.0.0.0/8, 192.0.2.0/24, … } drop` is ordinary, and refuses nobody of the internet."""
    reserved = ("0.0.0.0/8", "127.0.0.0/8", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24")
    listed = [{"prefix": {"addr": text.split("/")[0], "len": int(text.split("/")[1])}} for text in reserved]
    match = {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"set": listed}}
    chain = NftChain("inet", "own", "in", kind="filter", hook="prerouting", rules=(({"match": match}, {"drop": None}),))
    everybody = CLUSTER.model_copy(update={"api_access": (IPv4Network("0.0.0.0/0"),)})
    for host in (NODE, GATEWAY):
        assert refusals(Ruleset({chain.place: chain}), needed(everybody, host, "eth0")) == []


def test_what_iptables_made_is_counted_once() -> None:
    """iptables' own tables are PacketFilter's, and IPv6 has no packet of ours."""
    assert ruleset("iptables-only").chains == {}
    assert [problem.what.split()[1:4] for problem in problems("by-hand-ip-filter")] == [["ip", "filter", "input"]]
    assert [problem.what.split()[1:4] for problem in problems("beside-iptables")] == [["ip", "filter", "mine"]]


def test_every_hook_and_priority_counts() -> None:
    before, after = problems("raw-and-output")
    assert before.what == "chain inet raw pre refuses UDP 41641"
    assert after.what == ("chain inet out output refuses UDP from port 41641, packets to tailscale0, packets to cni0")


@pytest.mark.parametrize("name", ["debian-drop", "firewalld-before", "raw-and-output"])
def test_verify_names_the_same(name: str) -> None:
    texts = packet_filter.refused_texts(CLUSTER, NODE, ruleset(name))
    assert len(texts) == len(refusals(ruleset(name), needed(CLUSTER, NODE, "eth0"))) > 0
    assert all(": " in text for text in texts)


def test_an_empty_rule_set_refuses_nothing() -> None:
    assert packet_filter.problems(CLUSTER, NODE, Ruleset()) == []
    vxlan = CLUSTER.model_copy(update={"pod_network": "vxlan"})
    assert {packet.text for packet in needed(vxlan, NODE, "eth0")} >= {"packets from flannel.1", "packets from cni0"}
