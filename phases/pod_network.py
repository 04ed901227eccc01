"""The pod network: flannel assigns addresses, and the tailnet or vxlan carries the packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network

from pyinfra.api.operation import OperationMeta

from cluster import mtu
from cluster.documents import flannel
from cluster.documents.tailscale import Preferences
from cluster.model import Cluster, Host
from engine import remote
from engine.barrier import every_host_is_ready
from engine.inventory import active_hosts, api_host, current_cluster, is_api_host
from engine.phase import phase
from engine.templates import render
from facts.kubernetes import Nodes
from operations import files, manifests, network, tailnet_peers, tailscale, uninstall
from phases.tailnet import preferences

WORKLOADS = (
    flannel.DAEMON_SET,
    ("kube-system", "daemonset/kube-proxy"),
    ("kube-system", "deployment/coredns"),
)
OWNED = files.Owned(node=(*flannel.FILES, "/opt/cni/bin/flannel"))


@phase("Pod network")
def install_flannel(cluster: Cluster, host: Host, after: Sequence[OperationMeta] = ()) -> None:
    """Apply flannel's manifest, so that flannel starts on each node as soon as the node joins.

    `after`: operations of the run that delete flannel (for the preview).
    """
    if is_api_host():
        apply_manifest(after)


def apply_manifest(after: Sequence[OperationMeta] = ()) -> OperationMeta:
    """Apply flannel's manifest. `after`: as for `install_flannel`."""
    manifest = render("pod_network/flannel.yaml.j2", **flannel.manifest_values(current_cluster()))
    return manifests.apply(name="Apply flannel's manifest", manifest=manifest, after=after)


@phase("Pod routes")
def connect_pods(cluster: Cluster, host: Host) -> None:
    """Advertise the nodes' pod subnets if `pod_network` is `routed`, and wait until all nodes are ready and all routes are served.

    If the inventory changes `pod_network`, the old network is removed after the new one works.
    """
    if host.is_node and cluster.pod_network == "routed":
        tailscale.set_prefs(
            name="Advertise the pod network's route",
            preferences=lambda: _with_pods(cluster, host),
            after=preferences(cluster, host),
        )
    every_host_is_ready(name="the pod routes are advertised")
    wait_for_routes(cluster, host)
    if is_api_host():
        nodes = [node.name for node in cluster.nodes if node.name in active_hosts()]
        manifests.wait_for_nodes(name="Wait until the nodes are ready", wanted=nodes)
        manifests.wait_for_workloads(name="Wait until the cluster's own pods run", wanted=WORKLOADS)
    every_host_is_ready(name="the pod network works")
    if host.is_node:
        _remove_other_backend(cluster, host)


def _remove_other_backend(cluster: Cluster, host: Host) -> None:
    if cluster.pod_network == "routed":
        uninstall.links(name="Delete flannel's link", names=[flannel.VXLAN_LINK])
        return
    # flannel does not change the MTU of an existing link.
    network.link_mtu(name="Set the MTU of flannel's link", link=flannel.VXLAN_LINK, size=mtu.of_pods(cluster))
    tailscale.set_prefs(
        name="Withdraw the pod network's route",
        preferences=replace(preferences(cluster, host), keep=None),
        after=preferences(cluster, host),
    )


def wait_for_routes(cluster: Cluster, host: Host) -> None:
    """Wait until every other node's pod subnet is served as a route; with vxlan there are no such routes."""
    if cluster.pod_network == "routed":
        tailnet_peers.wait_for_peers(
            name="Wait until the pod routes are served",
            peers=lambda: pod_routes_of_peers(cluster, host),
            coordinator=cluster.coordinator.name,
            own=lambda: pod_routes(cluster, host),
        )


def pod_routes_of_peers(cluster: Cluster, host: Host) -> dict[str, tuple[IPv4Network, ...]]:
    """Name of every other host in this run → the subnet of its pods; empty for a host without pods."""
    subnets = _subnets(cluster)
    return {
        member.name: tuple(IPv4Network(subnet) for subnet in [subnets.get(member.name)] if subnet)
        for member in cluster.hosts
        if member != host and member.name in active_hosts()
    }


def pod_routes(cluster: Cluster, host: Host) -> list[IPv4Network]:
    """The subnet of this host's pods; empty if it has none."""
    subnet = _subnets(cluster).get(host.name)
    return [IPv4Network(subnet)] if subnet else []


def _subnets(cluster: Cluster) -> dict[str, str]:
    """Node → the subnet of its pods, without nodes that have none yet. Empty if the API does not answer."""
    nodes = remote.fact(api_host(), Nodes) or []
    return {node.name: node.pod_cidr for node in nodes if node.pod_cidr}


def _with_pods(cluster: Cluster, host: Host) -> Preferences | None:
    subnet = _subnets(cluster).get(host.name)
    if not subnet:
        return None
    wanted = preferences(cluster, host)
    return replace(wanted, routes=(*wanted.routes, IPv4Network(subnet)), keep=None)
