"""The hosts to which a day-2 task connects, and the groups of which one host must be reachable."""

from __future__ import annotations

from collections.abc import Mapping

from cluster import upgrades
from cluster.model import Cluster

Given = Mapping[str, str]


def no_hosts(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """No host."""
    return ()


def all_hosts(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """All hosts."""
    return tuple(host.name for host in cluster.hosts)


def control_planes(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """All control planes."""
    return tuple(host.name for host in cluster.control_planes)


def the_host(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """The host of `--data host=`."""
    return (given["host"],)


def nodes(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """All nodes."""
    return tuple(node.name for node in cluster.nodes)


def one_control_plane(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """One of the control planes."""
    return (control_planes(cluster, given),)


def one_node(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """One of the nodes."""
    return (nodes(cluster, given),)


def one_host(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """One of all hosts."""
    return (all_hosts(cluster, given),)


def backup_sources(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """The coordinator, and one of the control planes."""
    return (cluster.coordinator.name,), control_planes(cluster, given)


def each_host(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """Every host, a group by itself."""
    return tuple((name,) for name in all_hosts(cluster, given))


def restore_targets(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """The coordinator, and the first control plane, on which etcd is restored."""
    return (cluster.coordinator.name,), (cluster.control_planes[0].name,)


def upgrade_members(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """Every control plane, because no kubelet may be newer than one of them, and the coordinator; each only if the upgrade needs it."""
    parts = upgrades.chosen(given.get("only", ""))
    needed = control_planes(cluster, given) if {"containerd", "kubernetes", "flannel"} & set(parts) else ()
    return (*((name,) for name in needed), *(((cluster.coordinator.name,),) if "headscale" in parts else ()))


def remaining_members(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """The coordinator, and one of the control planes that stay."""
    staying = tuple(name for name in control_planes(cluster, given) if name != given["host"])
    return (cluster.coordinator.name,), staying
