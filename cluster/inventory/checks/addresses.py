"""LAN and public addresses of the hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any

from cluster.addresses import SPECIAL_RANGES, TAILSCALE_RANGE
from cluster.model import Cluster, Host, Site
from cluster.problems import Problem


def problems(cluster: Cluster, data: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Each LAN address in its LAN and once; each public address where the site's NAT wants one, and once. `data`: as written."""
    for host in cluster.hosts:
        yield from _in_its_lan(host)
        yield from _public_as_nat_wants(host, is_written="public_address" in data[host.name])
        yield from _forwarded(host)
    yield from _forwarded_once(cluster)
    yield from _lan_addresses_once(cluster)
    yield from _public_addresses_once(cluster)
    yield from _one_router(cluster)


def _in_its_lan(host: Host) -> Iterator[Problem]:
    lan, address = host.site.lan, host.lan_address
    if lan is None or address is None:
        return
    where = f"{host.name}.lan_address"
    if address not in lan:
        yield Problem(
            where,
            f"{address} is not in {lan}, the LAN of site {host.site.site}",
            "the site's hosts reach each other inside their LAN, without the tailnet",
            "correct the address, or lan in the group data of the site",
        )
    elif address in (lan.network_address, lan.broadcast_address) and lan.prefixlen < 31:
        kind = "network" if address == lan.network_address else "broadcast"
        yield Problem(
            where, f"{address} is the {kind} address of {lan}", "no host can have it", "write the host's own address"
        )


def _public_as_nat_wants(host: Host, *, is_written: bool) -> Iterator[Problem]:
    address, nat, where = host.public_address, host.site.nat, f"{host.name}.public_address"
    # None is written for a host of a private subnet, which goes out through the cloud's NAT gateway.
    if nat == "one_to_one" and not is_written:
        yield Problem(
            where,
            f"it is missing, and site {host.site.site} translates one to one",
            "other sites find the host by it, and it goes into the API's certificate",
            "write the public address, public_address = None if this host has none, "
            'or nat = "masquerade" if the hosts share their router\'s',
        )
    if address is None:
        return
    special = next((what for range_, what in SPECIAL_RANGES.items() if address in range_), None)
    if special:
        yield Problem(
            where,
            f"{address} is a {special} address",
            "nobody reaches a host by it",
            "write the address that others see",
        )
    elif address in TAILSCALE_RANGE:
        yield Problem(
            where,
            f"{address} is in {TAILSCALE_RANGE}, which providers and tailnets use inside",
            "other sites can't reach it, and tailscale drops packets from there",
            "write the address that others see, or leave public_address out",
        )
    elif nat != "none" and host.site.lan is not None and address in host.site.lan:
        yield Problem(
            where,
            f"{address} is in the site's own LAN {host.site.lan}",
            "behind NAT the public address is another one",
            'write the address that others see, or nat = "none" if there is no translation',
        )


def _forwarded(host: Host) -> Iterator[Problem]:
    where = f"{host.name}.forwarded_ports"
    if not host.forwarded_ports or host.site.nat is None:
        return
    if host.site.nat != "masquerade":
        yield Problem(
            where,
            f"site {host.site.site} does not masquerade",
            "without such a router nothing has to be forwarded",
            "remove forwarded_ports",
        )
    elif host.public_address is None:
        yield Problem(
            f"{host.name}.public_address",
            "it is missing, and the host has forwarded_ports",
            "other sites reach the forwarded ports there",
            "write the router's public address, or remove forwarded_ports",
        )


def _forwarded_once(cluster: Cluster) -> Iterator[Problem]:
    """A router forwards a port to one host; that of SSH is forwarded, too."""
    first: dict[tuple[str, str], Host] = {}
    for host in cluster.hosts:
        if host.site.nat == "masquerade" and host.ssh_port and str(host.public_address) == host.ssh_hostname:
            first[host.ssh_hostname, f"{host.ssh_port}/tcp"] = host
    for host in cluster.hosts:
        for port in host.forwarded_ports or ():
            other = first.setdefault((str(host.public_address), port), host)
            if other != host:
                yield Problem(
                    f"{host.name}.forwarded_ports",
                    f"the router at {host.public_address} forwards {port} to {other.name} already",
                    "a router passes a port on to one host",
                    f"leave {port} to one of them",
                )


def _lan_addresses_once(cluster: Cluster) -> Iterator[Problem]:
    first: dict[tuple[str, IPv4Address], Host] = {}
    for host in cluster.hosts:
        if host.lan_address is None:
            continue
        other = first.setdefault((host.site.site, host.lan_address), host)
        if other != host:
            yield Problem(
                f"{host.name}.lan_address",
                f"{host.lan_address} is {other.name}'s too, in site {host.site.site}",
                "two hosts of a network can't share an address",
                f"correct the address of {host.name} or {other.name}",
            )


def _public_addresses_once(cluster: Cluster) -> Iterator[Problem]:
    first: dict[IPv4Address, Host] = {}
    for host in cluster.hosts:
        if host.public_address is None:
            continue
        other = first.setdefault(host.public_address, host)
        if other == host or _share_a_router(host, other):
            continue
        yield Problem(
            f"{host.name}.public_address",
            f"{host.public_address} is {other.name}'s too",
            "only hosts behind one masquerading router share an address, the router's",
            f"correct the address of {host.name} or {other.name}",
        )


def _share_a_router(host: Host, other: Host) -> bool:
    """Two sites may be two LANs of one router."""
    return all(one.site.nat in ("masquerade", None) for one in (host, other))


def _one_router(cluster: Cluster) -> Iterator[Problem]:
    for site in cluster.sites:
        if site.nat == "masquerade":
            yield from _one_router_of(cluster, site)


def _one_router_of(cluster: Cluster, site: Site) -> Iterator[Problem]:
    hosts = [host for host in cluster.hosts_of(site) if host.public_address]
    for host in hosts[1:]:
        if host.public_address != hosts[0].public_address:
            yield Problem(
                f"{host.name}.public_address",
                f"it is {host.public_address}, {hosts[0].name} has {hosts[0].public_address}",
                f"site {site.site} masquerades: its hosts are all seen at their router's address",
                'write the router\'s address for both, or nat = "one_to_one" if each has its own',
            )
