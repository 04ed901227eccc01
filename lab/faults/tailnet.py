"""Faults of the tailnet and of the cluster: routes advertised, approved and accepted; CoreDNS; kube-proxy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any

from cluster.documents import routes
from lab.faults.context import Context, on_host
from lab.world.plan import HostPlan

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system"
COREDNS = "deployment/coredns"
# Stopped, not killed: kubelet would start another, which would write the rules again.
HANG_KUBE_PROXY = """proxy=$(pgrep -x kube-proxy) || { echo "kube-proxy does not run here"; exit 1; }
kill -STOP $proxy
iptables -w -t nat -F KUBE-SERVICES
"""
KILL_STOPPED_PROXY = """for proxy in $(pgrep -x kube-proxy); do
    if grep -q '^State:.*stopped' /proc/$proxy/status; then kill -KILL $proxy; fi
done
"""
COUNT_SERVICE_RULES = "iptables -w -t nat -S KUBE-SERVICES 2>/dev/null | grep -c ^-A || true"
PROXY_SECONDS = 120


def withdraw_lan_routes(context: Context) -> None:
    """Withdraw the host's LAN address and LAN routes."""
    own = set(routes.advertised(context.world.cluster, context.host.host))
    advertise(context, [route for route in advertised(context) if route not in own])


def withdraw_pod_route(context: Context) -> None:
    """Withdraw the network of the host's pods."""
    pods = context.world.cluster.pod_cidr
    advertise(context, [route for route in advertised(context) if not route.subnet_of(pods)])


def advertise(context: Context, rest: Sequence[IPv4Network]) -> None:
    """Advertise only these routes; LabError if that withdraws none."""
    before = advertised(context)
    if len(rest) == len(before):
        raise context.error(f"is not possible on host {context.host.name}", "it advertises no such route")
    context.save(comma_separated(before))
    on_host(context, f"tailscale set --advertise-routes={comma_separated(rest)}")


def restore_routes(context: Context) -> None:
    """Advertise the routes from before."""
    if before := context.saved():
        on_host(context, f"tailscale set --advertise-routes={before}")


def advertised(context: Context) -> list[IPv4Network]:
    """The routes that the host advertises to the tailnet."""
    found = json.loads(on_host(context, "tailscale debug prefs"))
    return [IPv4Network(route) for route in found.get("AdvertiseRoutes") or ()]


def comma_separated(networks: Sequence[IPv4Network]) -> str:
    """Networks as arguments of tailscale and headscale."""
    return ",".join(map(str, networks))


def unapprove_routes(context: Context) -> None:
    """Approve none of the host's advertised routes."""
    node = headscale_node(context)
    approved = node.get("approved_routes") or []
    if not approved:
        raise context.error(f"is not possible for host {context.host.name}", "no route of it is approved")
    context.save(",".join(approved))
    set_approved(context, node["id"], "")


def reapprove_routes(context: Context) -> None:
    """Approve the routes from before."""
    if before := context.saved():
        set_approved(context, headscale_node(context)["id"], before)


def set_approved(context: Context, node: int, given: str) -> None:
    """Set the approved routes of a node in headscale."""
    on_host(context, f"headscale nodes approve-routes --identifier {node} --routes '{given}'", context.coordinator)


def headscale_node(context: Context) -> dict[str, Any]:
    """The host's node in headscale."""
    nodes = json.loads(on_host(context, "headscale nodes list --output json", context.coordinator)) or []
    found = newest_node(nodes, context.host)
    if found is None:
        raise context.error(f"is not possible for host {context.host.name}", "it is not registered in headscale")
    return found


def newest_node(nodes: Sequence[dict[str, Any]], host: HostPlan) -> dict[str, Any] | None:
    """The host's node in headscale's list, the newest if there are several; None if there is none."""
    found = [node for node in nodes if host.name in (node.get("given_name"), node.get("name"))]
    return max(found, key=lambda node: int(node["id"]), default=None)


def refuse_routes(context: Context) -> None:
    """Set --accept-routes=false on the host."""
    on_host(context, "tailscale set --accept-routes=false")


def accept_routes(context: Context) -> None:
    """Set --accept-routes=true on the host."""
    on_host(context, "tailscale set --accept-routes=true")


def add_guest_route(context: Context) -> None:
    """Add a route via a neighbour to another site's LAN; a routed fabric ignores it."""
    own = context.host.host.site
    neighbour = next((host for host in context.site.hosts if host is not context.host), None)
    far = next((site.lan for site in context.world.cluster.sites if not site.lan.overlaps(own.lan)), None)
    if own.fabric != "routed" or neighbour is None or far is None:
        raise context.error(
            f"is not possible on host {context.host.name}",
            "its site is no routed fabric with a neighbour and a far site",
        )
    context.save(str(far))
    on_host(context, f"ip route add {far} via {neighbour.host.lan_address}")


def remove_guest_route(context: Context) -> None:
    """Delete the route."""
    if far := context.saved():
        on_host(context, f"ip route del {far} 2>/dev/null || true")


def stop_coredns(context: Context) -> None:
    """Scale CoreDNS to zero."""
    there = first_control_plane(context)
    context.save(on_host(context, f"{KUBECTL} get {COREDNS} -o jsonpath={{.spec.replicas}}", there))
    on_host(context, f"{KUBECTL} scale {COREDNS} --replicas=0", there)


def start_coredns(context: Context) -> None:
    """Scale CoreDNS back, and wait for its rollout."""
    if before := context.saved():
        there = first_control_plane(context)
        on_host(context, f"{KUBECTL} scale {COREDNS} --replicas={before}", there)
        on_host(context, f"{KUBECTL} rollout status {COREDNS} --timeout=120s", there)


def first_control_plane(context: Context) -> HostPlan:
    """The first control plane, on which kubectl runs."""
    return next(host for host in context.world.hosts if host.host.is_control_plane)


def hang_kube_proxy(context: Context) -> None:
    """Stop kube-proxy by a signal, and flush its nat rules."""
    on_host(context, HANG_KUBE_PROXY)


def restart_kube_proxy(context: Context) -> None:
    """Kill the stopped kube-proxy, and wait until its successor has written the rules."""
    on_host(context, KILL_STOPPED_PROXY)
    if not context.settles(lambda: int(on_host(context, COUNT_SERVICE_RULES)) > 0, PROXY_SECONDS):
        raise context.error("is not healed", "kube-proxy has written no rules in time")
