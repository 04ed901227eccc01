"""The checks of a tailscale client that is logged in already: somewhere else, or here by hand."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network, ip_address

from cluster.addresses import TAILSCALE_RANGE
from cluster.documents.routes import TAG
from cluster.model import Cluster, Host
from cluster.observed.login import Login
from cluster.observed.tailscale import ClientPrefs, ClientStatus
from cluster.problems import Problem
from cluster.support import OTHER_TAILNET

# tailscale's own ranges (its net/tsaddr), and the domain of its MagicDNS.
RANGES = (TAILSCALE_RANGE, IPv6Network("fd7a:115c:a1e0::/48"))
DOMAIN = ".ts.net"
PUBLISHER = "https://controlplane.tailscale.com"
# Other names of the same server (its ipn/prefs.go, IsLoginServerSynonym).
SYNONYMS = ("controlplane.tailscale.com", "login.tailscale.com")
MEMBER = ("Running", "Stopped", "Starting", "NeedsMachineAuth")


def problems(
    cluster: Cluster, host: Host, login: Login | None, status: ClientStatus, prefs: ClientPrefs
) -> list[Problem]:
    """What stands in the way; nothing for a host without a client, and for one that is logged out."""
    if not prefs.known or prefs.logged_out or status.state not in MEMBER:
        return []
    server = prefs.login_server or PUBLISHER
    if is_same(server, cluster.server_url):
        return list(_by_hand(cluster, host, status))
    if _is_former(cluster, status):
        return []
    return list(_elsewhere(host, login, status, server))


def is_same(one: str, other: str) -> bool:
    """Whether two URLs lead to the same login server."""
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, int]:
    scheme, _, rest = url.rpartition("://")
    name, _, port = rest.split("/")[0].lower().partition(":")
    known = SYNONYMS[0] if name.rstrip(".") in SYNONYMS else name.rstrip(".")
    return known, int(port) if port.isdigit() else (80 if scheme == "http" else 443)


def _is_former(cluster: Cluster, status: ClientStatus) -> bool:
    """Whether the host is a machine of this cluster under a former coordination name."""
    return TAG in status.tags and any(
        ip_address(address) in cluster.tailnet_cidr for address in status.addresses if ":" not in address
    )


def _by_hand(cluster: Cluster, host: Host, status: ClientStatus) -> Iterator[Problem]:
    own = [address for address in status.addresses if ":" not in address]
    if own and not any(ip_address(address) in cluster.tailnet_cidr for address in own):
        yield Problem(
            f"{host.name} tailnet",
            f"it is a machine of {cluster.server_url} with the address {', '.join(own)}, outside tailnet_cidr {cluster.tailnet_cidr}",
            "it keeps that address, and no rule of the cluster is about it",
            f"on {host.name}: tailscale logout; then run the deploy, which joins it with an address of {cluster.tailnet_cidr}",
        )


def _elsewhere(host: Host, login: Login | None, status: ClientStatus, server: str) -> Iterator[Problem]:
    way = way_in(host, login, status)
    if way:
        yield Problem(
            f"{host.name} tailnet",
            f"this machine reaches it by another tailnet ({way}), of {server}",
            "joining takes the host out of that tailnet, and the SSH connection with it",
            "write the host's public or LAN address as ssh_hostname",
        )
    if OTHER_TAILNET not in host.exceptions:
        yield Problem(
            f"{host.name} tailnet",
            f"it is a machine of another tailnet ({server})",
            "a host is in one tailnet at a time: joining takes it out of that one, with all that others reach it for",
            f'choose another host; or accept that it leaves: exceptions = ("{OTHER_TAILNET}",)',
        )


def way_in(host: Host, login: Login | None, status: ClientStatus) -> str:
    """The address or name of the host by which the operator's machine reaches it over a tailnet; empty if it does not."""
    declared = host.ssh_hostname or ""
    if declared.rstrip(".").lower().endswith(DOMAIN) or _is_in_range(declared):
        return declared
    for address in (login.server, login.client) if login else ():
        if address in status.addresses or _is_in_range(address):
            return address
    return ""


def _is_in_range(text: str) -> bool:
    try:
        address = ip_address(text.split("%")[0].removeprefix("::ffff:"))
    except ValueError:
        return False
    return any(address in network for network in RANGES if network.version == address.version)
