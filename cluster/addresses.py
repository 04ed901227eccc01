"""Addresses and networks as an operator writes them, and what they have in common."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import BeforeValidator

# Tailscale's own range: its clients drop packets from it that did not come through the tunnel.
TAILSCALE_RANGE = IPv4Network("100.64.0.0/10")
TAILSCALE_DNS = IPv4Address("100.100.100.100")
SPECIAL_RANGES = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}
PRIVATE_RANGES = tuple(
    IPv4Network(range_) for range_ in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def disjoint(one: IPv4Network, other: IPv4Network) -> bool:
    """They share no address."""
    return not one.overlaps(other)


def is_private(address: IPv4Address) -> bool:
    """Nobody outside its own network can reach it."""
    return any(address in range_ for range_ in PRIVATE_RANGES)


def name_in(url: str) -> str:
    """The host name in `https://NAME:PORT/PATH`."""
    return url.partition("://")[2].partition("/")[0].partition(":")[0]


def read_address(value: Any) -> Any:
    """An IPv4 address from text; ValueError says in plain English what is wrong with it."""
    if isinstance(value, IPv4Address):
        return value
    if not isinstance(value, str):
        raise ValueError("is not an IPv4 address in quotes")
    if ":" in value:
        raise ValueError("is not an IPv4 address; this version knows no IPv6")
    if "/" in value:
        raise ValueError("is a network; one address is meant")
    try:
        return IPv4Address(value)
    except AddressValueError:
        raise ValueError("is not an IPv4 address") from None


def read_network(value: Any) -> Any:
    """An IPv4 network from text with its prefix length; ValueError says in plain English what is wrong with it."""
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise ValueError("is not a network in quotes")
    if ":" in value:
        raise ValueError("is not an IPv4 network; this version knows no IPv6")
    if "/" not in value:
        raise ValueError("has no prefix length")
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError("is not an IPv4 network") from None
    if str(network.network_address) != value.split("/")[0]:
        raise ValueError(f"is an address inside the network {network}")
    return network


Address = Annotated[IPv4Address, BeforeValidator(read_address)]
Network = Annotated[IPv4Network, BeforeValidator(read_network)]
