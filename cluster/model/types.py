"""The kinds of value that an operator writes: the form of each, and how a message describes that form."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

# tailscale's own: the least that IPv6 allows, so nearly every path carries it (its net/tstun/mtu.go, safeTUNMTU).
DEFAULT_TAILNET_MTU = 1280
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"

NAME = "a name of lower-case letters, digits and hyphens"
DnsLabel = Annotated[str, StringConstraints(strict=True, pattern=rf"^{_LABEL}$")]
DNS_NAME = "a DNS name in lower case"
DnsName = Annotated[str, StringConstraints(strict=True, max_length=253, pattern=rf"^{_LABEL}(\.{_LABEL})*$")]
VERSION = "three numbers in quotes, without a v"
Version = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){2}$")]
PORT = "a number from 1 to 65535"
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
# It is written into apt's lists and containerd's files: characters that end a string or a line there are left out.
_URL = re.compile(r"(https?)://[A-Za-z0-9][A-Za-z0-9.-]*(?::([0-9]{1,5}))?(?:/[A-Za-z0-9._~:/@+=,%-]*)?")
LabelKey = Annotated[
    str, StringConstraints(strict=True, max_length=317, pattern=rf"^({_LABEL}(\.{_LABEL})*/)?{_NAME}$")
]
LabelValue = Annotated[str, StringConstraints(strict=True, pattern=rf"^({_NAME})?$")]
# certbot would read a word that begins with a hyphen as an option.
Email = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_][!-?A-~]*@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$")]
FilePath = Annotated[str, StringConstraints(strict=True, min_length=1, pattern=r"^[^\x00]+$")]
FileName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
UserName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9._-]*$")]


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


def read_url(value: Any) -> Any:
    """An address of a mirror; the message of ValueError describes what is wrong."""
    if not isinstance(value, str):
        raise ValueError("is no address in quotes")
    found = _URL.fullmatch(value)
    if not value.startswith(("https://", "http://")):
        raise ValueError("is not an address that begins with https:// or http://")
    if found is None:
        raise ValueError("has characters that no name or path of a mirror has")
    if found[2] and not 1 <= int(found[2]) <= 65535:
        raise ValueError(f"has port {found[2]}; a port is a number from 1 to 65535")
    return value


def read_https(value: Any) -> Any:
    """An address of a registry's mirror: an image has no pinned hash, so only TLS proves who sends it."""
    if not read_url(value).startswith("https://"):
        raise ValueError("does not begin with https://, and an image that comes without TLS may be anybody's")
    return value


def read_path(value: Any) -> Any:
    """The path of a file on the operator's machine; None: there is none."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("is no path in quotes")
    if not value or "\0" in value:
        raise ValueError("is no path")
    return value


def read_host_name(value: Any) -> Any:
    """A DNS label that every program takes for a name; the message of ValueError describes what is wrong."""
    if not isinstance(value, str) or not re.fullmatch(_LABEL, value):
        raise ValueError("has other characters than lower-case letters, digits and hyphens")
    if value in LOOPBACK_NAMES:
        raise ValueError("is a name of the loopback interface")
    if is_number(value):
        raise ValueError("is a number, which programs take for an address")
    return value


def read_reachable(value: Any) -> Any:
    """A name or address without port; the message of ValueError describes what is wrong."""
    if not isinstance(value, str):
        raise ValueError("is no name or address in quotes")
    name, colon, port = value.partition(":")
    if colon and port.isdigit():
        raise ValueError(f"has a port; write ssh_hostname {name!r}, and {port} in ssh_port")
    if colon:
        return _ipv6(value)
    if "@" in value:
        raise ValueError("has a user; that is written in ssh_user")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", value):
        raise ValueError("has characters that no name has")
    if is_number(value.rpartition(".")[2]):
        return str(read_address(value))
    return value


def read_forwarded(value: Any) -> Any:
    """A port with its protocol, such as 443/tcp; the message of ValueError describes what is wrong."""
    found = re.fullmatch(r"([0-9]{1,5})/(tcp|udp)", value) if isinstance(value, str) else None
    if found is None or not 1 <= int(found[1]) <= 65535:
        raise ValueError("is not a port with its protocol")
    return f"{int(found[1])}/{found[2]}"


def is_number(label: str) -> bool:
    """Whether the C library reads a label as a number: as the last label of a name, it makes that an address."""
    return bool(re.fullmatch(r"[0-9]+|0x[0-9a-f]*", label.lower()))


def _ipv6(value: str) -> str:
    try:
        return str(IPv6Address(value))
    except AddressValueError:
        hint = "; write it without brackets" if value.startswith("[") else ""
        raise ValueError(f"is no IPv6 address{hint}") from None


URL = "an address that begins with https:// or http://"
Url = Annotated[str, BeforeValidator(read_url)]
HttpsUrl = Annotated[str, BeforeValidator(read_https)]
HostName = Annotated[str, BeforeValidator(read_host_name)]
ForwardedPort = Annotated[str, BeforeValidator(read_forwarded)]
LocalPath = Annotated[str | None, BeforeValidator(read_path)]
Reachable = Annotated[str, BeforeValidator(read_reachable)]
# Lines of /etc/hosts as distributions write them.
LOOPBACK_NAMES = ("localhost", "ip6-localhost", "ip6-loopback", "localhost4", "localhost6")
