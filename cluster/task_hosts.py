"""Which hosts a day-2 task asks, and of which groups one must answer."""

from __future__ import annotations

from collections.abc import Mapping

from cluster import upgrades
from cluster.model import Cluster

Given = Mapping[str, str]


def nobody(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """No host."""
    return ()


def everybody(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """All hosts."""
    return tuple(host.name for host in cluster.hosts)


def control_planes(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """Those that run the API."""
    return tuple(host.name for host in cluster.control_planes)


def the_host(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """The host of `--data host=`."""
    return (given["host"],)


def nodes(cluster: Cluster, given: Given) -> tuple[str, ...]:
    """Those that run pods."""
    return tuple(node.name for node in cluster.nodes)


def a_control_plane(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """An API."""
    return (control_planes(cluster, given),)


def a_node(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """One that runs pods."""
    return (nodes(cluster, given),)


def anybody(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """Any host."""
    return (everybody(cluster, given),)


def backup_sources(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """headscale, and an API."""
    return (cluster.coordinator.name,), control_planes(cluster, given)


def each(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """Every host."""
    return tuple((name,) for name in everybody(cluster, given))


def restore_targets(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """headscale, and the control plane that etcd is brought back to."""
    return (cluster.coordinator.name,), (cluster.control_planes[0].name,)


def upgrade_members(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """Every control plane: no kubelet may be newer than one of them. And headscale."""
    parts = upgrades.chosen(given.get("only", ""))
    needed = control_planes(cluster, given) if {"containerd", "kubernetes", "flannel"} & set(parts) else ()
    return (*((name,) for name in needed), *(((cluster.coordinator.name,),) if "headscale" in parts else ()))


def remaining_members(cluster: Cluster, given: Given) -> tuple[tuple[str, ...], ...]:
    """headscale, and an API that stays."""
    staying = tuple(name for name in control_planes(cluster, given) if name != given["host"])
    return (cluster.coordinator.name,), staying
