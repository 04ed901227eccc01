"""MTUs in bytes: the links' MTU, less WireGuard's headers, less vxlan's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cluster.model import Cluster, Host
from cluster.model.types import DEFAULT_TAILNET_MTU
from cluster.observed.survey import Survey
from cluster.problems import Problem

# WireGuard's headers over IPv6, which are larger than over IPv4 (tailscale's net/tstun/mtu.go, wgHeaderLen).
TUNNEL_BYTES = 80
# Ethernet, IPv4, UDP and vxlan (RFC 7348, section 5).
VXLAN_BYTES = 50
INTERNET = 1500
# Headers of IPv4 and ICMP, which `ping -s` does not count.
PING_BYTES = 28


def of_links(cluster: Cluster) -> int:
    """The MTU that links between hosts need, so that the tailnet's largest packet is not fragmented."""
    return cluster.tailnet_mtu + TUNNEL_BYTES


def of_pods(cluster: Cluster) -> int:
    """The MTU of pods."""
    return cluster.tailnet_mtu - (VXLAN_BYTES if cluster.pod_network == "vxlan" else 0)


def problems(cluster: Cluster, host: Host, found: Survey, links: Mapping[str, int] | None) -> list[Problem]:
    """A problem if `tailnet_mtu` is larger than the default, and the MTU of the host's LAN link is too small for it.

    `links`: interface → its MTU; None if it could not be read.
    """
    if cluster.tailnet_mtu <= DEFAULT_TAILNET_MTU or links is None:
        return []
    return list(_too_small(cluster, host, found, links))


def _too_small(cluster: Cluster, host: Host, found: Survey, links: Mapping[str, int]) -> Iterator[Problem]:
    for interface, addresses in found.addresses.items():
        mtu = links.get(interface, of_links(cluster))
        if host.lan_address in [address.ip for address in addresses] and mtu < of_links(cluster):
            yield Problem(
                f"{host.name} {interface}",
                f"its MTU is {mtu}, but a tailnet_mtu of {cluster.tailnet_mtu} needs {of_links(cluster)}",
                f"WireGuard adds up to {TUNNEL_BYTES} bytes, and larger packets would be fragmented or lost",
                f"declare a tailnet_mtu of {mtu - TUNNEL_BYTES} or less, or raise the MTU of {interface}",
            )
