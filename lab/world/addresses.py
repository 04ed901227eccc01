"""Addresses of the simulated world: the declared ones, and free ones for the lab's own machines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, ip_address

from netaddr import IPSet

from cluster.model import Cluster, Host
from lab.failures import LabError

# The lab's own machines are in the benchmarking range (RFC 2544), which no real host has.
LAB_RANGE = IPv4Network("198.18.0.0/15")
DNS, OPERATOR, ROUTERS, NAMES, SHARED, SPARE = 53, 99, 256, 512, 768, 896  # offsets in the lab's network


def gateway_address(lan: IPv4Network, taken: Sequence[IPv4Address], outside: IPv4Address) -> IPv4Address:
    """The router's address: the last usable one that no host has; `outside` if the LAN is one host's own address.

    So do providers that give a server nothing but its public address: the router is on the link, and in no network with it.
    Raises LabError if all are taken.
    """
    if lan.prefixlen == lan.max_prefixlen:
        return outside
    for offset in range(2, lan.num_addresses):
        if lan[-offset] not in taken:
            return lan[-offset]
    raise LabError(
        f"lan {lan}", "has no address left for its router", "every address is a host's", "declare the LAN's real size"
    )


def free_network(cluster: Cluster) -> IPv4Network:
    """A /22 for the lab's own machines that overlaps no declared network or address; LabError if there is none."""
    declared = [cluster.tailnet_cidr, cluster.pod_cidr, cluster.service_cidr, *cluster.api_access]
    declared += [site.lan for site in cluster.sites]
    for host in cluster.hosts:
        declared += [*host.lan_routes, *(IPv4Network(address) for address in _addresses(host))]
    taken = IPSet(str(network) for network in declared)
    for candidate in LAB_RANGE.subnets(new_prefix=22):
        if taken.isdisjoint(IPSet([str(candidate)])):
            return candidate
    raise LabError(f"range {LAB_RANGE}", "is full", "the inventory uses all of it", "declare smaller networks")


def _addresses(host: Host) -> Iterator[IPv4Address]:
    yield host.lan_address
    if host.public_address:
        yield host.public_address
    if isinstance(address := parse_address(host.ssh_hostname), IPv4Address):
        yield address


def parse_address(text: str) -> IPv4Address | None:
    """The text as an IPv4 address; None if it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address if isinstance(address, IPv4Address) else None


def ssh_endpoints(cluster: Cluster, network: IPv4Network) -> dict[str, tuple[IPv4Address, int]]:
    """Host → the address and port of its SSH server on the internet; every pair is used once."""
    shared = {site.site: network[SHARED + number] for number, site in enumerate(cluster.sites)}
    ways: dict[str, tuple[IPv4Address, int]] = {}
    for number, host in enumerate(cluster.hosts):
        address = host.internet_address or host.public_address or outside_address(host) or shared[host.site.site]
        way = (address, host.ssh_port)
        ways[host.name] = way if way not in ways.values() else (network[SPARE + number], host.ssh_port)
    return ways


def outside_address(host: Host) -> IPv4Address | None:
    """The declared SSH address, if it is outside the host's LAN; else None."""
    address = parse_address(host.ssh_hostname)
    return address if address and address not in host.site.lan else None


def named_hosts(cluster: Cluster) -> Iterator[tuple[str, Host]]:
    """Hosts whose SSH address is a name, with that name."""
    for host in cluster.hosts:
        if parse_address(host.ssh_hostname) is None:
            yield host.ssh_hostname, host


def first_address(networks: Sequence[IPv4Network]) -> IPv4Address | None:
    """The first usable address of the first network; None without networks."""
    return next((network[min(1, network.num_addresses - 1)] for network in networks), None)
