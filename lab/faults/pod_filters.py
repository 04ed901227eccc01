"""Faults by a foreign packet filter on a host: an nftables table, which iptables' tools don't show."""

from __future__ import annotations

import shlex

from lab.faults import filters
from lab.faults.context import Context, on_host
from lab.world.plan import HostPlan
from lab.world.rules import Chains, table


def drop_pod_traffic(context: Context) -> None:
    """Drop all traffic of the host's pods to pods on other nodes, answers included."""
    add(context, filters.drop_pods(context.world.cluster.pod_cidr))


def drop_large(context: Context) -> None:
    """Drop large packets only: short answers arrive, a page does not."""
    add(context, filters.drop_large_pod_packets(context.world.cluster.pod_cidr))


def drop_services(context: Context) -> None:
    """Drop port 80 of services only: DNS and the API still work."""
    add(context, filters.drop_web_services(context.world.cluster.service_cidr))


def drop_upstream(context: Context) -> None:
    """Cut CoreDNS off from upstream servers, on every node."""
    cluster = context.world.cluster
    for host in kubernetes_nodes(context):
        add(context, filters.drop_upstream_dns(cluster.pod_cidr, cluster.service_cidr), host)


def drop_lan_ping(context: Context) -> None:
    """Drop ping to the LAN address; the tailnet address still answers."""
    add(context, filters.drop_ping(context.host.host.lan_address))


def remove(context: Context) -> None:
    """Delete the table on the target host, if it is there."""
    remove_from(context, context.host)


def remove_upstream(context: Context) -> None:
    """Delete the table on every node."""
    for host in kubernetes_nodes(context):
        remove_from(context, host)


def kubernetes_nodes(context: Context) -> list[HostPlan]:
    """The hosts that are nodes of the cluster."""
    return [host for host in context.world.hosts if host.host.is_node]


def add(context: Context, chains: Chains, host: HostPlan | None = None) -> None:
    """Load these chains on a host (default: the target); they last until it boots."""
    on_host(context, f"printf %s {shlex.quote(table(context.table, chains))} | nft -f -", host)


def remove_from(context: Context, host: HostPlan) -> None:
    """Delete the fault's table on a host, if it is there."""
    on_host(context, f"nft delete table ip {context.table} 2>/dev/null || true", host)
