"""The kinds of value that an operator writes: the form of each, and how a message describes that form."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

# tailscale's own: the least that IPv6 allows, so nearly every path carries it (its net/tstun/mtu.go, safeTUNMTU).
DEFAULT_TAILNET_MTU = 1280
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"

NAME = "a name of lower-case letters, digits and hyphens"
DnsLabel = Annotated[str, StringConstraints(pattern=rf"^{_LABEL}$")]
DNS_NAME = "a DNS name in lower case"
DnsName = Annotated[str, StringConstraints(max_length=253, pattern=rf"^{_LABEL}(\.{_LABEL})*$")]
VERSION = "three numbers in quotes, without a v"
Version = Annotated[str, StringConstraints(pattern=r"^\d{1,4}\.\d{1,4}\.\d{1,4}$")]
PORT = "a number from 1 to 65535"
Port = Annotated[int, Field(ge=1, le=65535)]
URL = "an address that begins with https:// or http://"
Url = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?(/\S*)?$")]
LabelKey = Annotated[str, StringConstraints(max_length=317, pattern=rf"^({_LABEL}(\.{_LABEL})*/)?{_NAME}$")]
LabelValue = Annotated[str, StringConstraints(pattern=rf"^({_NAME})?$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
FilePath = Annotated[str, StringConstraints(min_length=1)]
Reachable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._:-]*$")]
UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9._-]*$")]


def read_address(value: Any) -> Any:
    """An IPv4 address from text; the message of ValueError describes what is wrong."""
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
    """An IPv4 network from text with its prefix length; the message of ValueError describes what is wrong."""
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
NETWORK = "a network with its prefix length"
Network = Annotated[IPv4Network, BeforeValidator(read_network)]
