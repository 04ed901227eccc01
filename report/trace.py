"""The first broken hop between two pods, from what was measured on both nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cluster.documents import flannel
from report.findings import View
from report.measurement import Evidence, HostMeasured

TUNNEL, VXLAN = flannel.INTERFACE, flannel.VXLAN_LINK


@dataclass(frozen=True)
class Hop:
    """The first hop that fails: its place on the path, the reason, the fix, the evidence, and the host; empty if it is between two."""

    place: str
    reason: str
    fix: str
    evidence: tuple[Evidence, ...] = ()
    host: str = ""


def first_failing(view: View, source: str, target: str) -> Hop:
    """pod → cni0 → host → table 52 → tailscale0 → peer → cni0 → pod; a hop that was not measured counts as working."""
    ends = {host.name: host for host in view.hosts()}
    here, there = ends.get(source), ends.get(target)
    hops: list[Hop] = []
    if here:
        found = [*_at(view, here), *_onwards(view, here, target), *_leaving(view, here, target)]
        hops += [replace(hop, host=source) for hop in found]
    if there:
        found = [*_arriving(view, there, source), *_at(view, there), *_leaving(view, there, source)]
        hops += [replace(hop, host=target) for hop in found]
    return hops[0] if hops else _nowhere(view, here, there, target)


def _at(view: View, host: HostMeasured) -> Iterator[Hop]:
    """On a pod's node: pod, bridge, and forwarding."""
    pods = view.measured.pods
    # The bridge is made with a node's first pod, which may be the probe's: then the addresses were read before.
    has_pod = bool(pods and pods.own.get(host.name))
    if host.addresses and "cni0" not in host.addresses and not has_pod:
        yield _hop(
            f"cni0 on {host.name} is missing",
            "the CNI plugin has created no bridge there: flannel has not written its configuration",
            f"kubectl -n kube-flannel get pods -o wide; on {host.name}: ls /etc/cni/net.d /run/flannel",
            host.evidence.get("addresses"),
        )
    elif pods and pods.own.get(host.name) is False:
        yield _hop(
            f"the pod on {host.name} does not answer on its own node",
            "between cni0 and the pod something drops its packets",
            f"on {host.name}: ip -br link show master cni0; iptables-save | grep -nE 'FORWARD.*(REJECT|DROP)'",
            host.evidence.get("addresses"),
        )
    elif pods and pods.gateways.get(host.name, {}).get(host.name) is False:
        yield _hop(
            f"a pod on {host.name} does not reach cni0 of its own node",
            "between the pod and its bridge something drops its packets",
            f"on {host.name}: ip -br link show master cni0; nft list ruleset | grep -nE 'cni0|drop|reject'",
            host.evidence.get("addresses"),
            host.evidence.get("drops"),
        )
    if host.routing and not host.routing.forwarding:
        yield _hop(
            f"{host.name} does not forward packets",
            "net.ipv4.ip_forward is 0",
            f"on {host.name}: sysctl -w net.ipv4.ip_forward=1; and run the deploy again, which makes it permanent",
        )
    if any(" FORWARD " in rule for rule in host.refused):
        yield _hop(
            f"the packet filter of {host.name} rejects it in FORWARD",
            f"no `{next(rule for rule in host.refused if ' FORWARD ' in rule)}` before a REJECT or DROP",
            "run the deploy again",
        )


def _onwards(view: View, host: HostMeasured, target: str) -> Iterator[Hop]:
    """From the host's routing table into the tunnel."""
    device, wanted = host.pod_devices.get(target), TUNNEL if view.cluster.pod_network == "routed" else VXLAN
    if device and device != wanted:
        yield _no_route(view, host, target, f"{host.name} sends it out by {device} instead of {wanted}")
    if state := _state_if_down(view, host):
        yield _hop(
            f"{TUNNEL} on {host.name} is down",
            f"its tailscale client is {state}",
            f"on {host.name}: systemctl restart tailscaled; tailscale status",
            host.evidence.get("units"),
        )
    if host.path_kind(target) == "none":
        yield _hop(
            f"the tailnet has no path from {host.name} to {target}",
            "neither a direct path nor the relay works",
            f"on {host.name}: tailscale ping {target}",
            host.evidence.get("paths"),
        )


def _leaving(view: View, host: HostMeasured, target: str) -> Iterator[Hop]:
    """From the bridge into the tunnel: the host itself may send, its pods may not."""
    pods = view.measured.pods
    from_pod = pods.gateways.get(host.name, {}).get(target) if pods else None
    if from_pod is False and host.pod_gateway_answers.get(target):
        yield _hop(
            f"{host.name} does not forward what its pods send",
            f"{host.name} itself reaches cni0 of the other node, its pods don't: a filter drops packets from its cni0",
            f"on {host.name}: nft list ruleset | grep -nE 'hook forward|cni0|drop'; remove the rule that drops it",
            host.evidence.get("drops"),
            host.evidence.get("pod-gateways"),
        )


def _arriving(view: View, host: HostMeasured, source: str) -> Iterator[Hop]:
    """Out of the tunnel at the peer, which accepts only senders that it has an accepted route to."""
    if state := _state_if_down(view, host):
        yield _hop(
            f"{TUNNEL} on {host.name} is down",
            f"its tailscale client is {state}",
            f"on {host.name}: systemctl restart tailscaled; tailscale status",
            host.evidence.get("units"),
        )
    if view.cluster.pod_network == "routed" and host.prefs and not host.prefs.accept_routes:
        yield _hop(
            f"{host.name} drops packets from pods on {source}",
            "its tailscale client accepts no routes, and so no senders behind routes",
            f"on {host.name}: tailscale set --accept-routes",
        )
    back = host.pod_devices.get(source)
    if back and back not in (TUNNEL, VXLAN):
        yield _no_route(view, host, source, f"{host.name} sends the answer out by {back}")


def _state_if_down(view: View, host: HostMeasured) -> str:
    """Its tailscale client's state; empty if it is up, or was too busy to answer while others reach the host."""
    if host.tailnet is None or host.tailnet.running:
        return ""
    is_busy = host.tailnet.state == "unreachable" and view.answers_others(host.name)
    return "" if is_busy else host.tailnet.state


def _no_route(view: View, host: HostMeasured, target: str, what: str) -> Hop:
    if view.cluster.pod_network == "routed":
        fix = f"on {host.name}: ip route show table 52; ip rule show; and run the deploy again"
        return _hop(
            what,
            _why_not_routed(view, host, target),
            fix,
            host.evidence.get("pod-routes"),
            host.evidence.get("table-52"),
        )
    return _hop(
        what,
        f"flannel on {host.name} has no route to pods on {target}: it writes routes when it starts, and when a node changes",
        f"kubectl -n kube-flannel delete pod -l app=flannel --field-selector spec.nodeName={host.name}",
        host.evidence.get("pod-routes"),
        host.evidence.get("addresses"),
    )


def _why_not_routed(view: View, host: HostMeasured, target: str) -> str:
    network = next((other.pod_cidr for other in view.measured.hosts if other.name == target), "") or "its pod network"
    center = view.measured.coordination
    node = next((node for node in (center.nodes or ()) if node.hostname == target), None) if center else None
    if node and network not in node.available:
        return f"{target} does not advertise {network} to the tailnet"
    if node and network not in (*node.approved, *node.served):
        return f"headscale has not approved {network} of {target}"
    if host.prefs and not host.prefs.accept_routes:
        return f"{host.name} accepts no routes of the tailnet"
    return f"{network} of {target} is not in the routing table 52 of {host.name}"


def _nowhere(view: View, here: HostMeasured | None, there: HostMeasured | None, target: str) -> Hop:
    pods = view.measured.pods
    if here and pods and pods.gateways.get(here.name, {}).get(target):
        return _hop(
            f"the last hop on {target}, between cni0 and the pod",
            f"pods of other nodes reach cni0 of {target}, but not the pod behind it",
            f"on {target}: nft list ruleset | grep -nE 'hook forward|cni0|drop'",
            there.evidence.get("drops") if there else None,
        )
    return _hop(
        f"between {TUNNEL} and cni0 of {target}",
        "every hop that is measured works, but nothing arrives",
        f"on {target}: tcpdump -ni {TUNNEL} icmp or tcp port 8080; nft list ruleset",
        here.evidence.get("pod-gateways") if here else None,
    )


def _hop(place: str, reason: str, fix: str, *evidence: Evidence | None) -> Hop:
    return Hop(place, reason, fix, tuple(item for item in evidence if item))
