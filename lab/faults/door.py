"""Faults of the door: a port that is closed in front of its host, and a coordination name that leads elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cluster import ports
from lab.commands import nft
from lab.faults import filters, sites
from lab.faults.context import Context
from lab.world import dns
from lab.world.plan import HostPlan
from lab.world.rules import table

ACME = 80
# A range for documentation (RFC 3849): nothing of the lab has such an address.
ELSEWHERE6 = "2001:db8::7"


def close_acme(context: Context) -> None:
    """Close TCP 80 of the gateway."""
    _close(context, context.gateway, "tcp", ACME)


def close_login(context: Context) -> None:
    """Close the port of the coordination name."""
    _close(context, context.gateway, "tcp", context.world.cluster.coordination_port)


def close_stun(context: Context) -> None:
    """Close UDP 3478 of the coordinator."""
    _close(context, context.coordinator, "udp", ports.STUN)


def close_wireguard(context: Context) -> None:
    """Close UDP 41641 of the host."""
    _close(context, context.host, "udp", ports.WIREGUARD)


def open_at(host_of: Callable[[Context], HostPlan]) -> Callable[[Context], None]:
    """A function that opens the port again, on the router of that host."""

    def undo(context: Context) -> None:
        sites.remove_table(_router(context, host_of(context)), context.table)

    return undo


def lead_elsewhere(context: Context) -> None:
    """The name has another address than the gateway's: the name server's own."""
    world = context.world
    records = {**world.records, world.cluster.coordination_name: world.dns}
    context.lab.stop("dns")
    dns.start(context.lab, replace(world, records=records))


def add_address(context: Context) -> None:
    """The name has the name server's address as well."""
    _add(context, str(context.world.dns))


def add_ipv6(context: Context) -> None:
    """The name has an AAAA record as well, and nothing answers there."""
    _add(context, ELSEWHERE6)


def restore_name(context: Context) -> None:
    """The name has the gateway's address alone."""
    context.lab.stop("dns")
    dns.start(context.lab, context.world)


def _add(context: Context, address: str) -> None:
    context.lab.stop("dns")
    dns.start(context.lab, context.world, [(context.world.cluster.coordination_name, address)])


def _close(context: Context, host: HostPlan, protocol: str, port: int) -> None:
    rules = filters.forward_chain(filters.close_port(host, protocol, port))
    nft(_router(context, host), table(context.table, rules))


def _router(context: Context, host: HostPlan) -> str:
    return context.world.site(host.host.site.site).router
