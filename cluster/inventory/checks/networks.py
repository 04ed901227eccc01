"""Networks against each other: an address must mean one thing everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import NamedTuple

from cluster import mtu
from cluster.addresses import PRIVATE_RANGES, SPECIAL_RANGES, TAILSCALE_OWN, TAILSCALE_RANGE, is_within
from cluster.model import Cluster, Host
from cluster.problems import Problem

ALL = "group_data/all.py"
NODE_PREFIX = 24
SERVICE_PREFIXES = range(12, 25)


class Named(NamedTuple):
    """A network, where it is written, and what happens when another one holds the same address."""

    where: str
    name: str
    network: IPv4Network
    harm: str


def problems(cluster: Cluster) -> Iterator[Problem]:
    """Sizes, ranges that are somebody else's, and every pair that overlaps; LANs of two sites only warn."""
    yield from _tailnet(cluster)
    yield from _mtu(cluster)
    yield from _sizes(cluster)
    for named in (*_cluster_networks(cluster), *_lans(cluster)):
        yield from _somebody_elses(named)
    for named in _cluster_networks(cluster):
        yield from _inside_private_ranges(named)
    yield from _overlaps(cluster)
    for host in cluster.hosts:
        yield from _public_addresses(cluster, host)
        yield from _routes(cluster, host)
        yield from _routes_to_the_internet(cluster, host)
    yield from _routes_once(cluster)


def warnings(cluster: Cluster) -> Iterator[str]:
    """LANs of two sites that overlap."""
    for one, other in combinations(_lans(cluster), 2):
        if one.network.overlaps(other.network):
            yield (
                f"{one.name} {one.network} overlaps {other.name} {other.network}: their hosts are not reached at LAN "
                "addresses from other sites; tailnet addresses work all the same"
            )


def _tailnet(cluster: Cluster) -> Iterator[Problem]:
    network, where = cluster.tailnet_cidr, f"{ALL} tailnet_cidr"
    if network is None:
        return
    if not network.subnet_of(TAILSCALE_RANGE):
        yield Problem(
            where,
            f"{network} is not inside {TAILSCALE_RANGE}",
            "tailscale knows its own addresses by that range, and misbehaves with others",
            'choose a part of it, such as "100.64.10.0/24"',
        )
    room = max(network.num_addresses - 2 - _reserved(network), 0)
    if room < len(cluster.hosts):
        yield Problem(
            where,
            f"{network} has room for {room} of {len(cluster.hosts)} hosts",
            "every host gets an address of it",
            'choose a larger one, such as "100.64.10.0/24"',
        )


def _reserved(network: IPv4Network) -> int:
    """How many of its addresses headscale gives to no machine, because tailscale has a use of its own for them."""
    return sum(min(own.num_addresses, network.num_addresses) for own in TAILSCALE_OWN if own.overlaps(network))


def _mtu(cluster: Cluster) -> Iterator[Problem]:
    between_sites = mtu.INTERNET - mtu.TUNNEL_BYTES
    if cluster.tailnet_mtu is not None and len(cluster.sites) > 1 and cluster.tailnet_mtu > between_sites:
        yield Problem(
            f"{ALL} tailnet_mtu",
            f"packets of {cluster.tailnet_mtu} bytes don't fit through the internet between {len(cluster.sites)} sites",
            f"it carries {mtu.INTERNET} bytes, and WireGuard adds up to {mtu.TUNNEL_BYTES}",
            f"write {between_sites} or less",
        )


def _sizes(cluster: Cluster) -> Iterator[Problem]:
    pods, services = cluster.pod_cidr, cluster.service_cidr
    if pods is not None:
        room = pods.num_addresses // 2 ** (32 - NODE_PREFIX)
        if room < len(cluster.nodes):
            yield Problem(
                f"{ALL} pod_cidr",
                f"{pods} has room for {room} of {len(cluster.nodes)} nodes",
                f"Kubernetes gives each node a /{NODE_PREFIX} of it",
                'choose a larger one, such as "10.244.0.0/16"',
            )
    if services is not None and services.prefixlen not in SERVICE_PREFIXES:
        limit = "larger" if services.prefixlen < SERVICE_PREFIXES[0] else "smaller"
        yield Problem(
            f"{ALL} service_cidr",
            f"{services} is {limit} than a /{SERVICE_PREFIXES[0] if limit == 'larger' else SERVICE_PREFIXES[-1]}",
            "kube-apiserver refuses more than twenty bits, and each service takes an address",
            'choose one from /12 to /24, such as "10.96.0.0/12"',
        )


def _somebody_elses(named: Named) -> Iterator[Problem]:
    for range_, what in SPECIAL_RANGES.items():
        if named.network.overlaps(range_):
            yield Problem(
                named.where,
                f"{named.network} overlaps {range_} ({what})",
                "hosts treat these addresses in a way of their own",
                "choose a private network, inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
            )
    if named.name != "tailnet_cidr" and named.network.overlaps(TAILSCALE_RANGE):
        yield Problem(
            named.where,
            f"{named.network} overlaps {TAILSCALE_RANGE}",
            "tailscale drops packets from there that did not come through the tailnet",
            "choose a private network, inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
        )


def _overlaps(cluster: Cluster) -> Iterator[Problem]:
    shared, lans = _cluster_networks(cluster), _lans(cluster)
    pairs = [*combinations(shared, 2), *((one, lan) for lan in lans for one in shared)]
    for one, other in pairs:
        # A LAN in tailscale's range is a problem already, wherever the tailnet lies in that range.
        is_reported = one.name == "tailnet_cidr" and other.network.overlaps(TAILSCALE_RANGE)
        if not is_reported and one.network.overlaps(other.network):
            yield Problem(
                one.where,
                f"{one.name} {one.network} overlaps {other.name} {other.network}",
                one.harm,
                f"move one of them; {other.name} is in {other.where}",
            )


def _public_addresses(cluster: Cluster, host: Host) -> Iterator[Problem]:
    for named in _cluster_networks(cluster):
        address = host.public_address
        if address is not None and named.name != "tailnet_cidr" and address in named.network:
            yield Problem(
                f"{host.name}.public_address",
                f"{address} is in {named.name} {named.network}",
                named.harm,
                f"move {named.name}",
            )


def _routes(cluster: Cluster, host: Host) -> Iterator[Problem]:
    foreign = [lan for lan in _lans(cluster) if lan.name != f"the LAN of {host.site.site}"]
    for route in host.lan_routes:
        for named in (*_cluster_networks(cluster), *foreign):
            if route.overlaps(named.network):
                yield Problem(
                    f"{host.name}.lan_routes",
                    f"{route} overlaps {named.name} {named.network}",
                    "the tailnet would carry that network's traffic to this host",
                    f"name networks of site {host.site.site} only",
                )


def _routes_to_the_internet(cluster: Cluster, host: Host) -> Iterator[Problem]:
    for route in host.lan_routes:
        held = [other for other in cluster.hosts if other.public_address and other.public_address in route]
        if held:
            yield Problem(
                f"{host.name}.lan_routes",
                f"{route} holds {held[0].public_address}, the public address of {held[0].name}",
                "tunnels and logins go to that address, and would be led through the tunnel itself",
                "name the private networks behind the host only",
            )


def _inside_private_ranges(named: Named) -> Iterator[Problem]:
    is_special = any(named.network.overlaps(range_) for range_ in SPECIAL_RANGES)
    if named.name != "tailnet_cidr" and not is_special and not is_within(named.network, PRIVATE_RANGES):
        example = {"pod_cidr": "10.244.0.0/16", "service_cidr": "10.96.0.0/12"}[named.name]
        yield Problem(
            named.where,
            f"{named.network} is not inside the private ranges",
            "hosts and pods could no longer reach the part of the internet that has these addresses",
            f'choose a network inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, such as "{example}"',
        )


def _routes_once(cluster: Cluster) -> Iterator[Problem]:
    offers = [(host, route) for host in cluster.hosts for route in host.lan_routes]
    for (one, first), (other, second) in combinations(offers, 2):
        if first.overlaps(second):
            who = "itself" if one == other else f"{one.name}"
            yield Problem(
                f"{other.name}.lan_routes",
                f"{second} overlaps {first} of {who}",
                "one host serves a route; the other would get its own network by the tailnet",
                "leave the network to one host",
            )


def _cluster_networks(cluster: Cluster) -> list[Named]:
    networks = (
        ("tailnet_cidr", cluster.tailnet_cidr, "a host could not tell a neighbour in the tailnet from the other"),
        ("pod_cidr", cluster.pod_cidr, "packets for pods and for the other would be mixed up"),
        ("service_cidr", cluster.service_cidr, "kube-proxy on every node would catch packets for the other"),
    )
    return [Named(f"{ALL} {name}", name, network, harm) for name, network, harm in networks if network is not None]


def _lans(cluster: Cluster) -> list[Named]:
    return [
        Named(f"site {site.site}.lan", f"the LAN of {site.site}", site.lan, "")
        for site in cluster.sites
        if site.lan is not None
    ]
