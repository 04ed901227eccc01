"""From the sections that a host printed to what was measured: each parser is asked alone, and what it can't read stays unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cluster.documents import iptables
from cluster.model import Cluster, Host
from cluster.observed import programs
from cluster.observed.nodes import parse_node, parse_workload
from facts.headscale import parse_nodes
from facts.network import parse_forwarding
from facts.pings import parse_pings
from facts.sections import Section
from facts.tailscale import parse_prefs, parse_status
from report.measurement import Api, Coordination, Evidence, MeshNode, NodeMeasured, Tailnet, WaitingPod

Sections = Mapping[str, Section]
# Kept as evidence. Left out is what is large, and what may hold a key (tailscale's preferences).
EVIDENCE = (
    "netcheck", "units", "addresses", "rules", "table-52", "main-table", "names", "resolvers", "sources", "listeners", "versions",
    "services", "machine", "login-server", "kubelet-log", "disks", "headscale-health", "paths", "lan", "small", "large",
    "drops", "lan-routes", "ports", "pod-routes", "pod-gateways", "far", "neighbours",
)  # fmt: skip
EVIDENCE_LINES = 40
# What a person would type to see the same, where the question itself is a longer script.
TYPED = {
    "netcheck": "tailscale netcheck",
    "units": "systemctl status tailscaled containerd kubelet headscale nginx",
    "paths": "tailscale ping HOST",
    "lan": "ping -c 1 LAN-ADDRESS",
    "small": "ping -s LITTLE TAILNET-ADDRESS",
    "large": "ping -M do -s MTU-LESS-28 TAILNET-ADDRESS",
    "lan-routes": "ip route get LAN-ADDRESS",
    "pod-routes": "ip route get CNI0-OF-THE-OTHER from A-POD iif cni0",
    "pod-gateways": "ping -I CNI0 CNI0-OF-THE-OTHER",
    "ports": "nc -z ADDRESS PORT",
    "far": "ping ADDRESS",
    "names": "getent ahostsv4 NAME",
    "resolvers": "grep nameserver RESOLV-CONF-OF-KUBELET",
    "sources": "curl -sSL -o /dev/null -w '%{http_code}' URL",
    "login-server": "curl -fsS LOGIN-SERVER/health",
    "services": "iptables-save -t nat | grep KUBE",
    "drops": "nft list ruleset | grep -nE '^table|hook| drop| reject'",
    "disks": "df -Pk; df -Pi",
    "listeners": "ss -Hltn",
    "kubelet-log": "journalctl -u kubelet | grep -E '^E|rror' | tail -n 4",
    "versions": "dpkg-query -W",
}
CLIENT_UNKNOWN = Tailnet("unreachable")


def said(sections: Sections) -> dict[str, Evidence]:
    """What is kept as evidence."""
    return {
        name: Evidence(TYPED.get(name, section.command), section.output[:EVIDENCE_LINES], section.code)
        for name, section in sections.items()
        if name in EVIDENCE
    }


def own(declared: Cluster, host: Host, sections: Sections) -> dict[str, Any]:
    """The fields of HostMeasured that the host's own state gives."""
    passing = _read(sections, "passing", lambda lines: parse_forwarding(list(lines)), None)
    machine = _lines(sections, "machine")
    return {
        **_client(sections),
        "units": _read(sections, "units", programs.units, {}),
        "addresses": _read(sections, "addresses", programs.addresses, {}),
        "forwarding": passing.forwarding if passing else None,
        "kept_local": passing.kept_local if passing else None,
        "accepted_routes": _read(sections, "table-52", programs.destinations, None),
        "next_hops": _read(sections, "main-table", programs.next_hops, {}),
        "refused": _read(sections, "filter", lambda lines: _refused(declared, host, lines), ()),
        "disks": _read(sections, "disks", programs.disks, {}),
        "names": _read(sections, "names", answers, {}),
        "resolvers": _read(
            sections, "resolvers", lambda lines: tuple(line.split()[1] for line in lines if line.strip()), None
        ),
        "sources": _read(sections, "sources", lambda lines: dict(programs.source(line) for line in lines if line), {}),
        "listeners": _read(sections, "listeners", lambda lines: tuple(line for line in lines if line), ()),
        "key_expiry": _read(sections, "keys", programs.keys, {}),
        "certificate_expiry": _read(sections, "certificates", programs.numbers, {}),
        "versions": _read(sections, "versions", programs.versions, {}),
        "service_rules": _read(sections, "services", programs.service_rules, None),
        "cgroup": "" if not machine else "v2" if machine[0].strip() == "cgroup2fs" else "v1",
        "container": machine[1].strip().replace("none", "") if len(machine) > 1 else "",
        "coordination": _read(sections, "login-server", lambda lines: " ".join(lines).strip(), None),
        "udp": _read(sections, "netcheck", programs.udp, None),
        "neighbours": _read(sections, "neighbours", programs.neighbours, ()),
    }


def reach(
    sections: Sections, tailnet: Mapping[str, str], lan: Mapping[str, str], gateways: Mapping[str, str]
) -> dict[str, Any]:
    """The fields that the second script gives; each mapping is address → host name."""
    paths = _read(sections, "paths", parse_pings, {})
    return {
        "paths": {tailnet[at]: path.to_json() for at, path in paths.items() if at in tailnet},
        "lan_answers": _named(_read(sections, "lan", lambda lines: answers(lines[1:]), {}), lan),
        "lan_devices": _read(sections, "lan-routes", lambda lines: programs.devices(lines, lan), {}),
        "small_answers": _named(_read(sections, "small", answers, {}), tailnet),
        "large_answers": _named(_read(sections, "large", answers, {}), tailnet),
        "pod_devices": _read(sections, "pod-routes", lambda lines: programs.devices(lines, gateways), {}),
        "pod_gateway_answers": _named(_read(sections, "pod-gateways", answers, {}), gateways),
        "far_answers": _read(sections, "far", answers, {}),
    }


def coordination(sections: Sections) -> Coordination:
    """headscale, as its own host shows it."""
    nodes = _read(sections, "headscale-nodes", lambda lines: parse_nodes("\n".join(lines)), None)
    expiries = _read(sections, "headscale-nodes", programs.node_expiries, {})
    return Coordination(
        health="\n".join(_lines(sections, "headscale-health")),
        nodes=None
        if nodes is None
        else tuple(
            MeshNode(
                node.hostname, node.online, node.available, node.approved, node.served, expiries.get(node.hostname)
            )
            for node in nodes
        ),
        api_key_expiry=_read(sections, "headscale-keys", programs.api_keys, {}),
    )


def api(asked: str, sections: Sections) -> Api:
    """What the Kubernetes API says."""
    items = {
        name: _read(sections, name, lambda lines: json.loads("\n".join(lines)), None)
        for name in ("nodes", "workloads", "pods")
    }
    nodes, workloads, pods = (None if items[name] is None else items[name]["items"] for name in items)
    by_node: dict[str, int] = {}
    for pod in pods or ():
        node = pod["spec"].get("nodeName", "")
        by_node[node] = by_node.get(node, 0) + 1
    return Api(
        asked=asked,
        nodes=None if nodes is None else tuple(_node(item) for item in nodes),
        waiting=None if pods is None else tuple(found for item in pods for found in waiting(item)),
        unavailable=tuple(
            f"{found.kind} {found.namespace}/{found.name}: {found.available} of {found.wanted}"
            for found in map(parse_workload, workloads or ())
            if not found.is_available
        ),
        pods_by_node=by_node,
    )


def waiting(pod: Mapping[str, Any]) -> Iterator[WaitingPod]:
    """Its containers that wait for more than their turn, and why."""
    metadata, status = pod["metadata"], pod.get("status", {})
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        state = container.get("state", {}).get("waiting", {})
        reason = state.get("reason", "")
        if reason and reason not in ("ContainerCreating", "PodInitializing"):
            last = container.get("lastState", {}).get("terminated", {}).get("message", "")
            message = " ".join(f"{state.get('message', '')} {last}".split())
            yield WaitingPod(
                metadata["namespace"],
                metadata["name"],
                pod["spec"].get("nodeName", ""),
                container["image"],
                reason,
                message[:400],
            )


def answers(lines: Sequence[str]) -> dict[str, bool]:
    """Lines that end in yes or no."""
    return {line.rsplit(" ", 1)[0]: line.endswith(" yes") for line in lines if line.endswith((" yes", " no"))}


def _lines(sections: Sections, name: str) -> tuple[str, ...]:
    return sections[name].output if name in sections else ()


def _read(sections: Sections, name: str, parse: Callable[[Sequence[str]], Any], unknown: Any) -> Any:
    if name not in sections or sections[name].code == 124:
        return unknown
    try:
        return parse(sections[name].output)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration):
        return unknown


def _client(sections: Sections) -> dict[str, Any]:
    status = _read(sections, "status", lambda lines: parse_status("\n".join(lines)), None)
    prefs = _read(sections, "prefs", lambda lines: parse_prefs("\n".join(lines)), None)
    if status is None:
        return {"tailnet": CLIENT_UNKNOWN, "tailnet_address": None}
    known = prefs if prefs and prefs.known else None
    client = Tailnet(
        state=status.state,
        version=status.version,
        health=status.health,
        accept_routes=known.accept_routes if known else None,
        snat_subnet_routes=known.snat_subnet_routes if known else None,
        advertised=known.advertise_routes if known else (),
        login_server=known.login_server if known else "",
    )
    return {"tailnet": client, "tailnet_address": status.addresses[0] if status.addresses else None}


def _refused(declared: Cluster, host: Host, lines: Sequence[str]) -> tuple[str, ...]:
    """Needed rules that some chain would refuse, as nothing of ours stands before."""
    found = iptables.parse_filters(lines)
    planned = iptables.plan(found, iptables.needed(declared, host))
    missing: list[str] = []
    for backend, rules in planned.script_rules.items():
        chains = iptables.parse(found.live.get(backend, ()))
        missing += [rule.text for rule in rules if rule.body not in chains[rule.chain].rules] if planned.pending else []
    if planned.pending and not missing:
        missing = [rule.text for rules in planned.script_rules.values() for rule in rules]
    return tuple(dict.fromkeys(missing))


def _named(found: Mapping[str, bool], names: Mapping[str, str]) -> dict[str, bool]:
    return {names[address]: answered for address, answered in found.items() if address in names}


def _node(item: Mapping[str, Any]) -> NodeMeasured:
    node = parse_node(item)
    pressed = any(
        found["type"] == "DiskPressure" and found["status"] == "True"
        for found in item.get("status", {}).get("conditions", ())
    )
    return NodeMeasured(
        node.name, node.ready, node.reason, node.version, node.addresses, node.pod_cidr, node.architecture, pressed
    )
