"""The path between every two hosts: direct or relayed, compared with the declared NAT, and its MTU."""

from __future__ import annotations

from collections.abc import Iterator

from cluster import mtu
from cluster.expected_paths import DIRECT, allowed_kinds
from cluster.ports import WIREGUARD
from report.checks.groups import NETWORK
from report.checks.hosts import answers_small_only
from report.findings import Deviation, View, check, deviation
from report.measurement import HostMeasured

BLOCKED, RELAYED = "path-blocked", "path-relayed"


@check("path-blocked", depends_on=(*NETWORK, "dns-host", "tailnet-down"), anywhere=("headscale-health",))
def blocked(view: View) -> Iterator[Deviation]:
    """Two hosts have no path to each other over the tailnet."""
    for host, other, path in _paths(view):
        if path == "none":
            back = view.measured.host(other).path_kind(host.name) if view.has(other) else None
            reverse = f"; the reverse path is {back}" if back and back != "none" else ""
            yield deviation(
                (host.name, other),
                f"no answer over the tailnet{reverse}",
                "neither a direct path nor the relay works, or the other host does not answer",
                f"on {host.name}: tailscale ping {other}; tailscale netcheck",
                host.evidence.get("paths"),
                host.evidence.get("netcheck"),
            )


@check(
    "path-relayed",
    depends_on=(*NETWORK, "dns-host", "tailnet-down"),
    anywhere=("headscale-health",),
    is_mended_by_deploy=False,
)
def relayed(view: View) -> Iterator[Deviation]:
    """Two hosts reach each other through the relay only."""
    no_udp = {site for site in {host.site for host in view.hosts()} if _is_without_udp(view, site)}
    for host, other, path in _paths(view):
        if path != "relayed":
            continue
        allowed = allowed_kinds(view.cluster, view.cluster.host(host.name), view.cluster.host(other))
        sites = [site for site in (host.site, view.cluster.host(other).site.site) if site in no_udp]
        why, caused_by = _why_relayed(view, host.name, other, sites, must_be_direct=allowed == DIRECT)
        yield deviation(
            (host.name, other),
            "the path is relayed",
            why,
            "none needed" if allowed != DIRECT else _open_udp(view, host.name, other, sites),
            host.evidence.get("paths"),
            host.evidence.get("netcheck"),
            severity="problem" if allowed == DIRECT else "warning",
            caused_by=caused_by,
        )


@check("mtu-black-hole")
def black_hole(view: View) -> Iterator[Deviation]:
    """Small packets arrive and large ones are lost."""
    for host in (host for host in view.measured.hosts if answers_small_only(view, host)):
        yield deviation(
            host.name,
            "short commands by SSH work, but an answer of 5000 bytes never arrives",
            "a link on the way has an MTU of less than 1500 bytes, and ICMP 'fragmentation needed' is dropped",
            f"let ICMP type 3 pass on the way to {host.name}, or lower its interface's MTU to the link's",
        )
    for host in view.hosts():
        for other, answered in host.large_answers.items():
            if not answered and host.small_answers.get(other):
                address = view.cluster.host(other).internet_address or view.cluster.host(other).lan_address
                yield deviation(
                    (host.name, other),
                    f"small packets arrive over the tailnet, those of {view.cluster.tailnet_mtu} bytes don't",
                    f"a link on the way has an MTU of less than {mtu.of_links(view.cluster)} bytes, and ICMP 'fragmentation needed' is dropped",
                    f"on {host.name}: ping -M do -s {mtu.of_links(view.cluster) - mtu.PING_BYTES} {address}; let ICMP type 3 pass on the way, raise its MTU, or declare a smaller tailnet_mtu",
                    host.evidence.get("large"),
                    host.evidence.get("small"),
                )


def _paths(view: View) -> Iterator[tuple[HostMeasured, str, str]]:
    for host in view.hosts():
        for other, path in host.paths.items():
            yield host, other, path.kind


def _is_without_udp(view: View, site: str) -> bool:
    """No client there reports UDP, and all paths to other sites are relayed."""
    kinds = {
        path.kind
        for host in view.hosts()
        for other, path in host.paths.items()
        if (host.site == site) != (view.cluster.host(other).site.site == site)
    }
    hosts = [host for host in view.hosts() if host.site == site]
    return bool(hosts) and "direct" not in kinds and "relayed" in kinds and not any(host.udp for host in hosts)


def _why_relayed(
    view: View, name: str, other: str, sites: list[str], *, must_be_direct: bool
) -> tuple[str, tuple[str, ...]]:
    """The reason, and the hosts that cause it, if they are known."""
    if not must_be_direct:
        return "both hosts are behind a NAT that may choose another port for each destination, as declared", ()
    silent = [host for host in (name, other) if view.has(host) and view.measured.host(host).udp is False]
    if silent:
        return f"no UDP gets out of {silent[0]} (tailscale netcheck there: UDP: false)", (silent[0],)
    if sites:
        here = tuple(host.name for host in view.hosts() if host.site == sites[0])
        return f"every path that leaves the site {sites[0]} is relayed: UDP is dropped there", here
    edge = _relayed_edge(view, name, other)
    if edge:
        return (
            f"UDP works in {edge}, but its NAT chooses another port for each destination: it is harder than declared",
            (),
        )
    return f"UDP {WIREGUARD} does not get through between them, while other paths of both are direct", ()


def _relayed_edge(view: View, name: str, other: str) -> str:
    """The first of the two sites that is behind a masquerading router; empty if neither is."""
    sites = [view.cluster.host(host).site for host in (name, other)]
    return next((site.site for site in sites if site.nat == "masquerade"), "")


def _open_udp(view: View, name: str, other: str, sites: list[str]) -> str:
    if sites:
        return f"let UDP out of the site {sites[0]}, and UDP {WIREGUARD} in where it has public addresses"
    public = [host for host in (other, name) if view.cluster.host(host).internet_address]
    place = public[0] if public else other
    address = view.cluster.host(place).internet_address or view.cluster.host(place).lan_address
    return f"let UDP {WIREGUARD} in to {place} ({address}): its cloud's security list, then its own packet filter"
