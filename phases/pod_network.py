"""Pods that reach pods: flannel hands out addresses, the tailnet or vxlan carries what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network

from pyinfra.api.operation import OperationMeta

from cluster import mtu
from cluster.documents import flannel
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
# What flannel's pods leave on a node.
FLANNEL_FILES = (
    "/etc/cni/net.d/10-flannel.conflist",
    "/var/lib/cni/flannel",
    "/var/lib/cni/networks/cbr0",
    "/var/lib/cni/results/cbr0-*",
    "/run/flannel",
)
OWNED = files.Owned(node=(*FLANNEL_FILES, "/opt/cni/bin/flannel"))


@phase("Pod network")
def install_flannel(cluster: Cluster, host: Host, after: Sequence[OperationMeta] = ()) -> None:
    """Have the API know of flannel, so that it starts on each node as soon as that joins.

    `after`: operations of the run that take it away (for the preview).
    """
    if is_api_host():
        apply_manifest(after)


def apply_manifest(after: Sequence[OperationMeta] = ()) -> OperationMeta:
    """Have the cluster hold flannel as it is declared. `after`: as `declare` has it."""
    manifest = render("pod_network/flannel.yaml.j2", **flannel.manifest_values(current_cluster()))
    return manifests.apply(name="Apply flannel's manifest", manifest=manifest, after=after)


@phase("Pod routes")
def connect_pods(cluster: Cluster, host: Host) -> None:
    """Route the nodes' subnets, and wait until every node is ready and every host knows every route.

    Where the pod network is switched, the new way is there before the old one goes.
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
    every_host_is_ready(name="the pod network is there")
    if host.is_node:
        _leave_the_other_way(cluster, host)


def _leave_the_other_way(cluster: Cluster, host: Host) -> None:
    if cluster.pod_network == "routed":
        uninstall.links(name="Delete flannel's link", names=[flannel.VXLAN_LINK])
        return
    # flannel takes the link as it is when it is there already, whatever it carries.
    network.link_mtu(name="Set the MTU of flannel's link", link=flannel.VXLAN_LINK, size=mtu.of_pods(cluster))
    tailscale.set_prefs(
        name="Withdraw the pod network's route",
        preferences=replace(preferences(cluster, host), keep=None),
        after=preferences(cluster, host),
    )


def wait_for_routes(cluster: Cluster, host: Host) -> None:
    """Until the way to every other node's pods is served; vxlan needs none."""
    if cluster.pod_network == "routed":
        tailnet_peers.wait_for_peers(
            name="Wait until the pod routes are served",
            peers=lambda: routed_by_others(cluster, host),
            coordinator=cluster.coordinator.name,
            own=lambda: routed_by(cluster, host),
        )


def routed_by_others(cluster: Cluster, host: Host) -> dict[str, tuple[IPv4Network, ...]]:
    """Each other host, and the network of its pods."""
    subnets = _subnets(cluster)
    return {
        member.name: tuple(IPv4Network(subnet) for subnet in [subnets.get(member.name)] if subnet)
        for member in cluster.hosts
        if member != host and member.name in active_hosts()
    }


def routed_by(cluster: Cluster, host: Host) -> list[IPv4Network]:
    """The network of this host's pods, if it has one."""
    subnet = _subnets(cluster).get(host.name)
    return [IPv4Network(subnet)] if subnet else []


def _subnets(cluster: Cluster) -> dict[str, str]:
    """Node → the network of its pods, as far as Kubernetes has given it one."""
    nodes = remote.fact(api_host(), Nodes) or []
    return {node.name: node.pod_cidr for node in nodes if node.pod_cidr}


def _with_pods(cluster: Cluster, host: Host) -> tailscale.Preferences | None:
    subnet = _subnets(cluster).get(host.name)
    if not subnet:
        return None
    without = preferences(cluster, host)
    return replace(without, routes=(*without.routes, IPv4Network(subnet)), keep=None)
