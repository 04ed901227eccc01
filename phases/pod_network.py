"""Pods that reach pods: flannel hands out addresses, the tailnet or vxlan carries what is sent."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from pyinfra.api.operation import OperationMeta

from cluster import flannel
from cluster.model import Cluster, Host
from facts.kubernetes import Nodes
from operations import manifests, remote, tailscale
from operations.barrier import every_host_is_ready
from phases import phase
from phases.declared import cluster, here
from phases.tailnet import preferences
from phases.templates import render

FLANNEL = ("kube-flannel", "kube-flannel-ds")
WORKLOADS = (
    (FLANNEL[0], f"daemonset/{FLANNEL[1]}"),
    ("kube-system", "daemonset/kube-proxy"),
    ("kube-system", "deployment/coredns"),
)


@phase("Pod network")
def install() -> None:
    """Install flannel, route the nodes' subnets, and wait until every node is ready."""
    whole, this = cluster(), here()
    first = whole.control_planes[0]
    applied = [apply_manifest(whole)] if this == first else []
    every_host_is_ready(name="flannel is declared")
    if this.is_node and whole.pod_network == "routed":
        tailscale.preferred(
            name="Offer the node's pods to the tailnet",
            preferences=lambda: _with_pods(whole, this),
            after=preferences(whole, this),
        )
    every_host_is_ready(name="the nodes' subnets are offered")
    if whole.pod_network == "routed":
        tailscale.sees(name="Wait until the nodes' pods are routed", peers=lambda: _others(whole, this))
    if this == first:
        manifests.nodes_ready(name="Wait until the nodes are ready", wanted=[node.name for node in whole.nodes])
        manifests.available(name="Wait until the cluster's own pods run", wanted=WORKLOADS, after=applied)


def apply_manifest(whole: Cluster) -> OperationMeta:
    """Have the cluster hold flannel as it is declared."""
    manifest = render("pod_network/flannel.yaml.j2", **flannel.manifest_values(whole))
    return manifests.applied(name="Apply flannel's manifest", manifest=manifest)


def _others(whole: Cluster, this: Host) -> dict[str, tuple[IPv4Network, ...]]:
    subnets = _subnets(whole)
    return {
        member.name: tuple(IPv4Network(subnet) for subnet in [subnets.get(member.name)] if subnet)
        for member in whole.hosts
        if member != this
    }


def _subnets(whole: Cluster) -> dict[str, str]:
    """Node → the network of its pods, as far as Kubernetes has given it one."""
    nodes = remote.fact(whole.control_planes[0].name, Nodes) or []
    return {node.name: node.pod_cidr for node in nodes if node.pod_cidr}


def _with_pods(whole: Cluster, this: Host) -> tailscale.Preferences | None:
    subnet = _subnets(whole).get(this.name)
    if not subnet:
        return None
    without = preferences(whole, this)
    return replace(without, routes=(*without.routes, IPv4Network(subnet)), keep=None)
