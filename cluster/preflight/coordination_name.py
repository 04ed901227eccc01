"""Whether the coordination name leads to the gateway, asked by the operator's machine and by hosts of other sites."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, ip_address, ip_network

from cluster.model import Cluster, Host
from cluster.problems import Problem
from cluster.providers import proxy_of

OPERATOR = "the operator's machine"
IPV4, IPV6 = "IPv4", "IPv6"
# A proxy on the machine that asks invents such addresses for every name (RFC 2544, used as "fake IP").
_INVENTED = ip_network("198.18.0.0/15")


def outer_address(host: Host) -> IPv4Address | None:
    """Where other sites find the host, or the router that forwards to it; None if nothing leads there."""
    return host.internet_address or host.public_address


def are_near(host: Host, other: Host) -> bool:
    """Whether both stand in one network, or behind one router: what one finds of the other is not what the internet finds."""
    shared = host.public_address is not None and host.public_address == other.public_address
    return host.site.site == other.site.site or shared


def problems(
    cluster: Cluster, answers: Mapping[str, Collection[str]], gateway_addresses6: Collection[str] | None
) -> list[Problem]:
    """Problems of the name. `answers`: host name or OPERATOR → the addresses that the name has there.

    Hosts near the gateway are left out: there the name may lead to its LAN address. So is an empty answer, which
    preflight's survey reports. `gateway_addresses6`: the gateway's own global IPv6 addresses; None if they are unknown, so that
    any may be right.
    """
    wanted = outer_address(cluster.gateway)
    if wanted is None:
        return []
    groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for asker, found in answers.items():
        if not _is_exempt(cluster, asker) and is_reliable(cluster, found):
            right = _right(cluster, asker, gateway_addresses6 or ())
            wrong = sorted(address for address in set(found) - right if not _is_made_from(wanted, address))
            for kind, addresses in _kinds(wrong).items():
                if kind == IPV6 and gateway_addresses6 is None:
                    continue
                groups.setdefault((kind, "also " if str(wanted) in found else "", addresses), []).append(asker)
    return [
        _problem(cluster, kind, also, addresses, askers) for (kind, also, addresses), askers in sorted(groups.items())
    ]


def is_reliable(cluster: Cluster, found: Collection[str]) -> bool:
    """Whether the machine that got this answer reaches addresses itself: not by a proxy that answers everything in their place."""
    wanted = outer_address(cluster.gateway)
    four = [ip_address(address) for address in found if ":" not in address]
    return not four or wanted in _INVENTED or not all(address in _INVENTED for address in four)


def _kinds(wrong: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The wrong addresses by what is wrong: of a proxy (by its name), IPv4, or IPv6."""
    kinds: dict[str, tuple[str, ...]] = {}
    for address in wrong:
        kind = proxy_of(address) or (IPV6 if ":" in address else IPV4)
        kinds[kind] = (*kinds.get(kind, ()), address)
    return kinds


def _problem(cluster: Cluster, kind: str, also: str, addresses: Collection[str], askers: Collection[str]) -> Problem:
    name, gateway, wanted = cluster.coordination_name, cluster.gateway.name, str(outer_address(cluster.gateway))
    where, listed = f"coordination_name {name}", f"{', '.join(addresses)} (asked on {', '.join(askers)})"
    if kind == IPV4:
        return Problem(
            where,
            f"it {also}leads to {listed}; the gateway {gateway} is {wanted}",
            "hosts log in there, and the certificate is obtained there: elsewhere both fail, sometimes or always",
            f"give {name} one A record, {wanted}; then check it on a host: getent ahostsv4 {name}",
        )
    if kind == IPV6:
        return Problem(
            where,
            f"its AAAA record leads to {listed}, which is no address of the gateway {gateway}",
            "the certificate authority and hosts with IPv6 take the AAAA record first",
            f"delete the AAAA record of {name}, or correct it; then check it on a host: getent ahostsv6 {name}",
        )
    return Problem(
        where,
        f"it {also}leads to {kind}'s proxy at {listed}; the gateway {gateway} is {wanted}",
        "tailscale's login is no ordinary request, and such a proxy does not pass it on",
        f"at {kind}, switch the record to “DNS only”, so that it is {wanted}; then check it on a host: getent ahosts {name}",
    )


def _is_exempt(cluster: Cluster, asker: str) -> bool:
    return asker != OPERATOR and are_near(cluster.host(asker), cluster.gateway)


def _right(cluster: Cluster, asker: str, gateway_addresses6: Collection[str]) -> set[str]:
    """The addresses that are the gateway's: the LAN address too, for an operator who may be within its LAN."""
    gateway = cluster.gateway
    outer = str(outer_address(gateway))
    # Where a name or an alias of SSH leads is not known here.
    may_be_inside = asker == OPERATOR and gateway.ssh_hostname != outer
    inner = {str(gateway.lan_address)} if may_be_inside else set()
    return {outer, *map(_plain, gateway_addresses6), *inner}


def _is_made_from(wanted: IPv4Address, address: str) -> bool:
    """Whether a resolver of a network without IPv4 made it of the gateway's A record, under any prefix of 96 bits (RFC 6052)."""
    return ":" in address and int(ip_address(address.partition("%")[0])) & 0xFFFFFFFF == int(wanted)


def _plain(address: str) -> str:
    return str(ip_address(address))
