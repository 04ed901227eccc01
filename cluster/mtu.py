"""How large a packet may be, in bytes: what links carry, less the tunnel's headers, less those of vxlan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cluster import defaults
from cluster.model import Cluster, Host
from cluster.observed.survey import Survey
from cluster.problems import Problem

# WireGuard's, at most: over IPv6 (tailscale's net/tstun/mtu.go, wgHeaderLen).
TUNNEL_BYTES = 80
# Ethernet, IPv4, UDP and vxlan (RFC 7348, section 5).
VXLAN_BYTES = 50
INTERNET = 1500
# Of IPv4 and ICMP, which `ping -s` does not count.
PING_BYTES = 28


def of_links(cluster: Cluster) -> int:
    """What links between hosts must carry for the tailnet's largest packet to go in one piece."""
    return cluster.tailnet_mtu + TUNNEL_BYTES


def of_pods(cluster: Cluster) -> int:
    """What pods may send."""
    return cluster.tailnet_mtu - (VXLAN_BYTES if cluster.pod_network == "vxlan" else 0)


def problems(cluster: Cluster, host: Host, found: Survey, links: Mapping[str, int] | None) -> list[Problem]:
    """Where a larger MTU than usual was declared, and the host's own link does not carry it. `links`: interface → its MTU."""
    if cluster.tailnet_mtu <= defaults.TAILNET_MTU or links is None:
        return []
    return list(_too_small(cluster, host, found, links))


def _too_small(cluster: Cluster, host: Host, found: Survey, links: Mapping[str, int]) -> Iterator[Problem]:
    for interface, addresses in found.addresses.items():
        carried = links.get(interface, of_links(cluster))
        if host.lan_address in [address.ip for address in addresses] and carried < of_links(cluster):
            yield Problem(
                f"{host.name} {interface}",
                f"it carries packets of {carried} bytes, a tailnet_mtu of {cluster.tailnet_mtu} needs {of_links(cluster)}",
                f"WireGuard adds up to {TUNNEL_BYTES} bytes, and larger packets would be cut in two or lost",
                f"declare a tailnet_mtu of {carried - TUNNEL_BYTES} or less, or raise the MTU of {interface}",
            )
