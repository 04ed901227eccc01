"""Faults of a site: its router and its wire."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from lab import mirror
from lab.commands import inside, ip, nft
from lab.faults import filters
from lab.faults.context import Context
from lab.world import links
from lab.world.rules import WAN, Chains, table

ETHERNET = 1500
ADDED_MS, ADDED_LOSS_PERCENT = 200.0, 5.0


def add_filter(context: Context, chains: Chains) -> None:
    """Load these chains on the site's router."""
    nft(context.site.router, table(context.table, chains))


def remove_filter(context: Context) -> None:
    """Delete the fault's table on the site's router, if it is there."""
    remove_table(context.site.router, context.table)


def remove_table(namespace: str, name: str) -> None:
    """Delete an nftables table, if it is there."""
    inside(namespace, ["nft", "delete", "table", "ip", name], check=False)


def flush_udp_conntrack(context: Context) -> None:
    """Flush the router's UDP conntrack entries: else existing flows keep their translation."""
    inside(context.site.router, ["conntrack", "-D", "-p", "udp"], check=False)


def block_udp(context: Context) -> None:
    """Drop all UDP but DNS."""
    add_filter(context, filters.forward_chain(*filters.ALL_UDP))


def block_tailnet(context: Context) -> None:
    """Drop UDP, and TCP to the relay and the coordinator."""
    add_filter(context, filters.forward_chain(*filters.ALL_UDP, drop_to_coordinator(context)))


def block_coordinator(context: Context) -> None:
    """Drop TCP to headscale and the relay beside it, as a company's firewall may do."""
    add_filter(context, filters.forward_chain(drop_to_coordinator(context)))


def drop_to_coordinator(context: Context) -> str:
    """The rule that drops TCP to the address and port of headscale and the relay."""
    cluster = context.world.cluster
    return filters.drop_to_port(context.world.records[cluster.coordination_name], cluster.coordination_port)


def randomize_ports(context: Context) -> None:
    """Take another source port for each destination, so that hole punching fails."""
    if context.site.site.nat == "none":
        raise context.error(f"is not possible in site {context.site.name}", "it translates no addresses")
    add_filter(context, filters.endpoint_dependent_nat(context.site))
    flush_udp_conntrack(context)


def restore_nat(context: Context) -> None:
    """Translate as declared again."""
    remove_filter(context)
    flush_udp_conntrack(context)


def shrink_mtu(context: Context) -> None:
    """Lower the MTU at both ends of the link to the internet, and drop the ICMP errors."""
    add_filter(context, filters.mtu_blackhole())
    nft(context.world.core, table(core_table(context), {"sent": (filters.OUTPUT, iter([filters.DROP_FRAG_NEEDED]))}))
    set_mtu(context, filters.SMALL_MTU)


def restore_mtu(context: Context) -> None:
    """Set the MTU back to Ethernet's."""
    set_mtu(context, ETHERNET)
    remove_filter(context)
    remove_table(context.world.core, core_table(context))


def set_mtu(context: Context, mtu: int) -> None:
    """Set the MTU at both ends of the site's link to the internet."""
    ip(context.site.router, [f"link set {WAN} mtu {mtu}"])
    ip(context.world.core, [f"link set {context.site.core_port} mtu {mtu}"])


def core_table(context: Context) -> str:
    """The name of the fault's table in the core, one for each site."""
    return f"{context.table}_{context.site.core_port}"


def block_mirrors(context: Context) -> None:
    """Drop traffic to all addresses of the mirror."""
    block_addresses(context, context.world.names.values())


def block_registries(context: Context) -> None:
    """Drop traffic to the mirror's addresses that serve images."""
    block_addresses(
        context, (context.world.names[name] for name in mirror.names.registries() if name in context.world.names)
    )


def block_addresses(context: Context, addresses: Iterable[IPv4Address]) -> None:
    """Drop traffic to these addresses: connections time out."""
    add_filter(context, filters.forward_chain(filters.drop_to_addresses(addresses)))


def block_dns(context: Context) -> None:
    """Drop the host's DNS queries on the site's router."""
    add_filter(context, filters.forward_chain(filters.drop_dns_of(context.host)))


def add_latency(context: Context) -> None:
    """Add delay to the site's link, each way."""
    links.impair(context.lab, context.world, context.site, context.name, ADDED_MS, 0.0)


def add_loss(context: Context) -> None:
    """Add packet loss to the site's link."""
    links.impair(context.lab, context.world, context.site, context.name, 0.0, ADDED_LOSS_PERCENT)


def remove_impairment(context: Context) -> None:
    """Remove this fault's delay and loss."""
    links.remove_impairment(context.lab, context.world, context.site, context.name)
