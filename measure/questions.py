"""All that verify asks hosts, one row for each question. They only read.

A new measured value is a row here and its field in report/measurement.py, and a parser in cluster/observed/ if none fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from cluster.documents import iptables
from cluster.observed import (
    certificates,
    disks,
    gpg,
    headscale,
    machine,
    network,
    nftables,
    nodes,
    packages,
    pods,
    systemd,
    tailscale,
)
from cluster.preflight import packet_filter
from facts import kubernetes
from facts.headscale import LIST_NODES
from facts.machine import Cgroup, Container
from facts.network import Forwarding, PacketFilter, Ruleset
from facts.systemd import UNITS
from facts.tailscale import Prefs, Status
from measure import commands as sh
from measure.question import Question, Target

# What the API lists of a cluster with a thousand pods.
LISTS = 16_000_000
SILENT = tailscale.ClientStatus("unreachable")


def _refused(target: Target, found: iptables.Filters) -> tuple[str, ...]:
    return iptables.missing_rules(found, iptables.needed(target.cluster, target.host))


def _refused_by_nftables(target: Target, found: nftables.Ruleset) -> tuple[str, ...]:
    return packet_filter.refused_texts(target.cluster, target.host, found)


def _known(_: Target, found: tailscale.ClientPrefs) -> tailscale.ClientPrefs | None:
    return found if found.known else None


def _by_host(kind: str, target: Target, found: Mapping[str, Any]) -> dict[str, Any]:
    """Host names instead of addresses; addresses of no host are left out."""
    names: Mapping[str, str] = getattr(target, kind)
    return {names[address]: value for address, value in found.items() if address in names}


def _open_ports(target: Target, found: Mapping[str, bool]) -> dict[str, dict[str, bool]]:
    """Host → port → whether it is open."""
    hosts: dict[str, dict[str, bool]] = {}
    for at, is_open in found.items():
        if at in target.ports:
            hosts.setdefault(target.ports[at], {})[at.split()[1]] = is_open
    return hosts


TAILNET, LAN, CNI = (partial(_by_host, kind) for kind in ("tailnet", "lan", "pod_gateways"))
# fmt: off
# A host's own state: fields of HostMeasured.
STATE = (
    Question("status", Status().command(), 14, tailscale.parse_status, "tailnet", unknown=SILENT, evidence=False),
    Question("prefs", Prefs().command(), 14, tailscale.parse_prefs, resolve=_known, evidence=False),
    Question("netcheck", "tailscale netcheck | head -n 20", 15, tailscale.parse_netcheck, "udp", by_hand="tailscale netcheck"),
    Question("units", sh.UNITS, 8, systemd.parse_states, by_hand=f"systemctl status {' '.join(UNITS)}"),
    Question("addresses", "ip -o -4 address show", 5, network.parse_addresses),
    Question("rules", "ip -4 rule show", 5),
    Question("routing", Forwarding().command(), 5, network.parse_forwarding, evidence=False),
    Question("table-52", "ip -4 route show table 52", 5, network.parse_destinations, "accepted_routes"),
    Question("main-table", "ip -4 route show table main", 5, network.parse_next_hops, "next_hops"),
    Question("neighbours", "ip -4 neigh show", 5, network.parse_neighbours),
    Question("filter", PacketFilter().command(), 8, iptables.parse_filters, "refused", _refused, evidence=False),
    Question("nftables", Ruleset().command(), 8, nftables.parse_ruleset, "refused_by_nftables", _refused_by_nftables, evidence=False),
    Question("drops", sh.DROPS, 8, by_hand="nft list ruleset | grep -nE '^table|hook| drop| reject'"),
    Question("disks", sh.DISKS, 8, disks.parse_disks, by_hand="df -Pk; df -Pi"),
    Question("names", sh.names, 18, network.parse_answers, by_hand="getent ahostsv4 NAME"),
    Question("resolvers", sh.RESOLVERS, 5, network.parse_resolvers, by_hand="grep nameserver RESOLV-CONF-OF-KUBELET"),
    Question("sources", sh.SOURCES, 15, network.parse_sources, by_hand="curl -sSL -o /dev/null -w '%{http_code}' URL"),
    Question("listeners", "ss -Hltn | awk '{print $4}' | sort -u", 5, network.parse_listeners, by_hand="ss -Hltn"),
    Question("keys", sh.KEYS, 8, gpg.parse_keyrings, "key_expiry", evidence=False),
    Question("certificates", sh.CERTIFICATES, 8, certificates.parse_expiries, "certificate_expiry", evidence=False),
    Question("versions", sh.VERSIONS, 8, packages.parse_versions, by_hand="dpkg-query -W"),
    Question("services", sh.SERVICE_RULES, 8, network.parse_service_rules, "service_rules",
             by_hand="iptables-save -t nat | grep KUBE"),
    Question("cgroup", Cgroup().command(), 5, machine.parse_cgroup),
    Question("container", Container().command(), 5, machine.parse_container),
    Question("usage", sh.USAGE, 5, machine.parse_usage, by_hand="uptime; free -m; cat /sys/class/dmi/id/chassis_asset_tag"),
    Question("login-server", sh.login_server, 8, network.parse_text, "coordination", by_hand="curl -fsS LOGIN-SERVER/health"),
    Question("kubelet-log", sh.KUBELET_LOG, 8, by_hand="journalctl -u kubelet | grep -E '^E|rror' | tail -n 4"),
)
# headscale on the coordinator: fields of Coordination.
COORDINATION = (
    Question("headscale-health", sh.health, 8, network.parse_text, "health"),
    Question("headscale-nodes", LIST_NODES, 12, headscale.parse_nodes, "nodes", evidence=False),
    Question("headscale-keys", sh.API_KEYS, 10, headscale.parse_api_keys, "api_key_expiry", evidence=False),
)
# The Kubernetes API on a control plane: fields of Api.
API = (
    Question("nodes", kubernetes.Nodes().command(), 15, nodes.parse_nodes, evidence=False, longest=LISTS),
    Question("pods", sh.PODS, 15, pods.parse_waiting, "waiting", evidence=False, longest=LISTS),
)
# What a host reaches, asked when all have answered the questions above: fields of HostMeasured.
REACH = (
    Question("paths", sh.paths, 36, tailscale.parse_pings, resolve=TAILNET, by_hand="tailscale ping HOST"),
    Question("lan", sh.lan, sh.PING_LIMIT_S, network.parse_answers, "lan_answers", LAN, by_hand="ping -c 1 LAN-ADDRESS"),
    Question("small", sh.small, sh.PING_LIMIT_S, network.parse_answers, "small_answers", TAILNET,
             by_hand="ping -s LITTLE TAILNET-ADDRESS"),
    Question("large", sh.large, sh.PING_LIMIT_S, network.parse_answers, "large_answers", TAILNET,
             by_hand="ping -M do -s MTU-LESS-28 TAILNET-ADDRESS"),
    Question("lan-routes", sh.lan_routes, 5, network.parse_devices, "lan_devices", LAN, by_hand="ip route get LAN-ADDRESS"),
    Question("ports", sh.tcp, 8, network.parse_answers, "open_ports", _open_ports, by_hand="nc -z ADDRESS PORT"),
    Question("far", sh.far, sh.PING_LIMIT_S, network.parse_answers, "far_answers", by_hand="ping ADDRESS"),
    Question("pod-routes", sh.pod_routes, 5, network.parse_devices, "pod_devices", CNI,
             by_hand="ip route get CNI0-OF-THE-OTHER from A-POD iif cni0"),
    Question("pod-gateways", sh.pod_gateways, sh.PING_LIMIT_S, network.parse_answers, "pod_gateway_answers", CNI,
             by_hand="ping -I CNI0 CNI0-OF-THE-OTHER"),
)
# fmt: on


def round_trips(count: int) -> Question:
    """`count` echo requests to each of the others, asked when nothing else is: host → least round trip in ms."""
    return Question("round-trips", partial(sh.round_trips, count), 20, network.parse_round_trips, resolve=TAILNET)
