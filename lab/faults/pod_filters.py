"""Faults by a packet filter of somebody's on a host: an nftables table that no tool of iptables shows."""

from __future__ import annotations

import shlex

from lab.faults import filters
from lab.faults.context import Scene, on_host
from lab.world.plan import HostPlan
from lab.world.rules import Chains, table


def cut_pods_off(scene: Scene) -> None:
    """What pods send to other nodes' pods, answers too, goes nowhere."""
    put(scene, filters.pods_cut_off(scene.world.cluster.pod_cidr))


def drop_large(scene: Scene) -> None:
    """Short answers arrive, a page does not."""
    put(scene, filters.pods_small_packets(scene.world.cluster.pod_cidr))


def drop_services(scene: Scene) -> None:
    """Web services alone: names and the API are still found."""
    put(scene, filters.services_dropped(scene.world.cluster.service_cidr))


def drop_upstream(scene: Scene) -> None:
    """CoreDNS hears nobody, on whichever node it runs."""
    cluster = scene.world.cluster
    for host in nodes(scene):
        put(scene, filters.upstream_dropped(cluster.pod_cidr, cluster.service_cidr), host)


def silence_lan(scene: Scene) -> None:
    """By its tailnet address the host still answers."""
    put(scene, filters.lan_silent(scene.host.host.lan_address))


def lift(scene: Scene) -> None:
    """The host's table is gone, also if it was not there."""
    remove(scene, scene.host)


def lift_upstream(scene: Scene) -> None:
    """Of every node."""
    for host in nodes(scene):
        remove(scene, host)


def nodes(scene: Scene) -> list[HostPlan]:
    """The hosts that run pods."""
    return [host for host in scene.world.hosts if host.host.is_node]


def put(scene: Scene, chains: Chains, host: HostPlan | None = None) -> None:
    """The host does that with packets, until it boots or the table is removed."""
    on_host(scene, f"printf %s {shlex.quote(table(scene.table, chains))} | nft -f -", host)


def remove(scene: Scene, host: HostPlan) -> None:
    """It no longer does."""
    on_host(scene, f"nft delete table ip {scene.table} 2>/dev/null || true", host)
