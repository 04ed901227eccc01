"""Faults of the tailnet and of the cluster: routes offered, approved and accepted; the cluster's name service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any

from cluster.documents import routes
from lab.faults.context import Scene, on_host
from lab.polling import until
from lab.world.network import UPLINK
from lab.world.plan import HostPlan

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system"
COREDNS = "deployment/coredns"
# Stopped, not ended: kubelet would start it again, and it would write its rules.
REMOVE_SERVICES = """proxy=$(pgrep -x kube-proxy) || { echo "kube-proxy does not run here"; exit 1; }
kill -STOP $proxy
iptables -w -t nat -F KUBE-SERVICES
"""
END_STOPPED_PROXY = """for proxy in $(pgrep -x kube-proxy); do
    if grep -q '^State:.*stopped' /proc/$proxy/status; then kill -KILL $proxy; fi
done
"""
COUNT_SERVICES = "iptables -w -t nat -S KUBE-SERVICES 2>/dev/null | grep -c ^-A || true"
PROXY_SECONDS = 120


def withdraw_lan(scene: Scene) -> None:
    """The host no longer offers its LAN address, nor its LAN routes."""
    own = set(routes.advertised(scene.world.cluster, scene.host.host))
    withdraw(scene, [route for route in offered(scene) if route not in own])


def withdraw_pods(scene: Scene) -> None:
    """The host no longer offers the network of its pods."""
    pods = scene.world.cluster.pod_cidr
    withdraw(scene, [route for route in offered(scene) if not route.subnet_of(pods)])


def withdraw(scene: Scene, rest: Sequence[IPv4Network]) -> None:
    """Offer only those that are left."""
    before = offered(scene)
    if len(rest) == len(before):
        raise scene.refused(f"is not possible on host {scene.host.name}", "it offers no such route")
    scene.remember(joined(before))
    on_host(scene, f"tailscale set --advertise-routes={joined(rest)}")


def offer_again(scene: Scene) -> None:
    """What was offered before."""
    if before := scene.recall():
        on_host(scene, f"tailscale set --advertise-routes={before}")


def offered(scene: Scene) -> list[IPv4Network]:
    """The routes that the host offers to the tailnet."""
    found = json.loads(on_host(scene, "tailscale debug prefs"))
    return [IPv4Network(route) for route in found.get("AdvertiseRoutes") or ()]


def joined(networks: Sequence[IPv4Network]) -> str:
    """As tailscale and headscale take them."""
    return ",".join(map(str, networks))


def disapprove(scene: Scene) -> None:
    """headscale no longer serves any route of the host, though the host offers them."""
    node = registered(scene)
    approved = node.get("approved_routes") or []
    if not approved:
        raise scene.refused(f"is not possible for host {scene.host.name}", "no route of it is approved")
    scene.remember(",".join(approved))
    approve(scene, node["id"], "")


def approve_again(scene: Scene) -> None:
    """What was approved before."""
    if before := scene.recall():
        approve(scene, registered(scene)["id"], before)


def approve(scene: Scene, node: int, given: str) -> None:
    """Set what headscale approves for a node."""
    on_host(scene, f"headscale nodes approve-routes --identifier {node} --routes '{given}'", scene.coordinator)


def registered(scene: Scene) -> dict[str, Any]:
    """The host as headscale knows it."""
    nodes = json.loads(on_host(scene, "headscale nodes list --output json", scene.coordinator)) or []
    found = node_named(nodes, scene.host)
    if found is None:
        raise scene.refused(f"is not possible for host {scene.host.name}", "headscale does not know it")
    return found


def node_named(nodes: Sequence[dict[str, Any]], host: HostPlan) -> dict[str, Any] | None:
    """The entry of that host in headscale's list: the one that it registered last."""
    found = [node for node in nodes if host.name in (node.get("given_name"), node.get("name"))]
    return max(found, key=lambda node: int(node["id"]), default=None)


def refuse_routes(scene: Scene) -> None:
    """The host does not use what others offer."""
    on_host(scene, "tailscale set --accept-routes=false")


def accept_routes(scene: Scene) -> None:
    """It does again."""
    on_host(scene, "tailscale set --accept-routes=true")


def add_guest_route(scene: Scene) -> None:
    """As somebody tries who has not read what the cloud's fabric does."""
    own = scene.host.host.site
    neighbour = next((host for host in scene.site.hosts if host is not scene.host), None)
    far = next((site.lan for site in scene.world.cluster.sites if not site.lan.overlaps(own.lan)), None)
    if own.fabric != "routed" or neighbour is None or far is None:
        raise scene.refused(
            f"is not possible on host {scene.host.name}", "its site is no routed fabric with a neighbour and a far site"
        )
    scene.remember(str(far))
    on_host(scene, f"ip route add {far} via {neighbour.host.lan_address} dev {UPLINK}")


def remove_guest_route(scene: Scene) -> None:
    """The main table is as before."""
    if far := scene.recall():
        on_host(scene, f"ip route del {far} 2>/dev/null || true")


def stop_cluster_names(scene: Scene) -> None:
    """No pod answers at the cluster's name service."""
    there = control_plane(scene)
    scene.remember(on_host(scene, f"{KUBECTL} get {COREDNS} -o jsonpath={{.spec.replicas}}", there))
    on_host(scene, f"{KUBECTL} scale {COREDNS} --replicas=0", there)


def start_cluster_names(scene: Scene) -> None:
    """As many as before."""
    if before := scene.recall():
        there = control_plane(scene)
        on_host(scene, f"{KUBECTL} scale {COREDNS} --replicas={before}", there)
        on_host(scene, f"{KUBECTL} rollout status {COREDNS} --timeout=120s", there)


def control_plane(scene: Scene) -> HostPlan:
    """The first host that kubectl can be asked on."""
    return next(host for host in scene.world.hosts if host.host.is_control_plane)


def remove_services(scene: Scene) -> None:
    """kube-proxy hangs, and its rules are gone."""
    on_host(scene, REMOVE_SERVICES)


def bring_services_back(scene: Scene) -> None:
    """A new kube-proxy writes them again."""
    on_host(scene, END_STOPPED_PROXY)
    if not until(lambda: int(on_host(scene, COUNT_SERVICES)) > 0, PROXY_SECONDS, interval=1):
        raise scene.refused("is not healed", f"kube-proxy has written no rules in {PROXY_SECONDS} s")
