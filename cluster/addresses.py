"""Ranges of addresses that have a meaning of their own, and what addresses and networks have in common."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from netaddr import IPSet

# Tailscale's own range: its clients drop packets from it that did not come through the tunnel.
TAILSCALE_RANGE = IPv4Network("100.64.0.0/10")
TAILSCALE_DNS = IPv4Address("100.100.100.100")
# headscale hands out none of these: the address at which each client answers DNS, and the network of ChromeOS' own machines.
TAILSCALE_OWN = (IPv4Network(TAILSCALE_DNS), IPv4Network("100.115.92.0/23"))
SPECIAL_RANGES = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


def is_within(part: IPv4Address | IPv4Network | str, networks: Iterable[IPv4Network | str]) -> bool:
    """Whether the address or network lies in `networks` taken together: two halves hold what neither holds alone."""
    return str(part) in IPSet(str(network) for network in networks)


def is_private(address: IPv4Address) -> bool:
    """Nobody outside its own network can reach it."""
    return is_within(address, PRIVATE_RANGES)


def name_in(url: str) -> str:
    """The host name in `https://NAME:PORT/PATH`."""
    return url.partition("://")[2].partition("/")[0].partition(":")[0]


def is_below(name: str, domain: str) -> bool:
    """Whether a DNS name is the domain, or one of the names below it."""
    return f".{name}".endswith(f".{domain}")
