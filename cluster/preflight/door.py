"""The ports that must be open from outside: what is tried before anything is installed, by whom, and what the answers mean."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from cluster import ports
from cluster.addresses import is_private
from cluster.documents.headscale import is_one_host
from cluster.model import Cluster, Host
from cluster.observed.door import Outcome
from cluster.preflight.coordination_name import OPERATOR, are_near, outer_address
from cluster.problems import Problem
from cluster.providers import EVERYWHERE, OTHER, Protocol, Provider
from cluster.support import CLOSED_UDP

ACME = 80
THROUGH: tuple[Outcome, ...] = ("open", "refused", "prohibited")


@dataclass(frozen=True)
class Entrance:
    """A port of a host as others reach it.

    `source`: the network that must reach it. `is_forwarded`: a router forwards it, which may answer or refuse in the host's place.
    """

    host: str
    address: str
    protocol: Protocol
    port: int
    source: str = EVERYWHERE
    is_forwarded: bool = False


@dataclass(frozen=True)
class Attempt:
    """A port, and the machine that tries it: a host's name, or OPERATOR."""

    by: str
    entrance: Entrance


@dataclass(frozen=True)
class Answers:
    """How attempts ended (`outcomes`), those whose packets a host saw (`arrived`), and the hosts that could look (`watched`)."""

    outcomes: Mapping[Attempt, Outcome]
    arrived: frozenset[Attempt] = frozenset()
    watched: frozenset[str] = frozenset()

    def is_through(self, attempt: Attempt) -> bool:
        """Whether the packets came to the host, and not only to what stands in front of it."""
        is_seen_only = attempt.entrance.is_forwarded and attempt.entrance.host in self.watched
        return attempt in self.arrived or (self.outcomes.get(attempt) in THROUGH and not is_seen_only)


@dataclass(frozen=True)
class Closed:
    """A port at which packets of `silent` got lost, while those of `through` came in."""

    entrance: Entrance
    silent: tuple[str, ...]
    through: tuple[str, ...] = field(default=())


def entrances(cluster: Cluster, is_acme: bool, addresses6: Collection[str] = ()) -> list[Entrance]:
    """All ports that other sites, the certificate authority or the gateway need. `addresses6`: the gateway's, if its name has an AAAA record."""
    gateway, coordinator = cluster.gateway, cluster.coordinator
    at_gateway = [str(address) for address in (outer_address(gateway), *addresses6) if address]
    web = [cluster.coordination_port, *([ACME] if is_acme and cluster.coordination_port != ACME else [])]
    found = [_entrance(gateway, address, "tcp", port) for address in at_gateway for port in web]
    if not is_one_host(cluster):
        # A cloud's packet filter may stand between two hosts of one network, too: Oracle's does by default.
        inner = f"{gateway.lan_address}/32"
        found.append(Entrance(coordinator.name, str(coordinator.lan_address), "tcp", ports.HEADSCALE, inner))
    for host, port in ((coordinator, ports.STUN), *((host, ports.WIREGUARD) for host in cluster.hosts)):
        if address := host.address_for(port, "udp"):
            found.append(_entrance(host, str(address), "udp", port))
    return [one for one in found if one.protocol == "tcp" or CLOSED_UDP not in cluster.host(one.host).exceptions]


def _entrance(host: Host, address: str, protocol: Protocol, port: int) -> Entrance:
    is_forwarded = host.site.nat == "masquerade" and address == str(host.public_address)
    return Entrance(host.name, address, protocol, port, is_forwarded=is_forwarded)


def attempts(
    cluster: Cluster, found: Collection[Entrance], present: Collection[str], fresh: Collection[str]
) -> list[Attempt]:
    """Who tries what: one host of each other site, and the operator, who also tries the port of SSH at the same addresses.

    `present`: hosts of this run. `fresh`: its hosts that have not joined. A port of a joined host is proven, but not for each site.
    """
    wanted = []
    for entrance in found:
        is_new = entrance.host in fresh
        if _is_inner(entrance):
            gateway = cluster.gateway.name
            wanted += [Attempt(gateway, entrance)] if gateway in present and (is_new or gateway in fresh) else []
            continue
        others = list(_one_of_each_site(cluster, present, fresh, cluster.host(entrance.host)))
        wanted += [Attempt(by, entrance) for by in others if is_new or (by in fresh and _is_login(cluster, entrance))]
        # In a cluster of one site nobody needs UDP from outside, and its private addresses nothing at all.
        is_public = ":" in entrance.address or not is_private(IPv4Address(entrance.address))
        if is_new and (others or (entrance.protocol == "tcp" and is_public)):
            wanted += [Attempt(OPERATOR, entrance), _control(cluster, entrance)]
    return list(dict.fromkeys(wanted))


def binding_request(mark: bytes) -> bytes:
    """A STUN request that headscale answers (RFC 8489; tailscale wants SOFTWARE and FINGERPRINT). `mark`: 12 bytes, by which it is known."""
    software = b"\x80\x22\x00\x08tailnode"
    head = b"\x00\x01" + (len(software) + 8).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + mark
    fingerprint = zlib.crc32(head + software) ^ 0x5354554E
    return head + software + b"\x80\x28\x00\x04" + fingerprint.to_bytes(4, "big")


def closed(cluster: Cluster, answers: Answers, is_certain: bool = True) -> list[Closed]:
    """The ports that are closed in front of their hosts.

    The login's port must be open to each site; for the others one way in proves that the port is open, because a site may block its
    own way out. So it does for the login by IPv6: clients fall back to IPv4, and a site's own IPv6 may lead nowhere.
    Silence of UDP proves nothing unless the host could look at its packets: without `is_certain`, it counts as well. The operator's
    alone never does, because many networks let no UDP out.
    """
    found = []
    for entrance in dict.fromkeys(attempt.entrance for attempt in answers.outcomes):
        tried = [one for one in answers.outcomes if one.entrance == entrance and answers.outcomes[one] != "unreachable"]
        through = tuple(one.by for one in tried if answers.is_through(one))
        silent = tuple(one.by for one in tried if one.by not in through and _counts(cluster, answers, one))
        if through and _is_login(cluster, entrance) and ":" not in entrance.address:
            silent = tuple(by for by in silent if by != OPERATOR)
        elif through or (entrance.protocol == "udp" and silent == (OPERATOR,)):
            silent = ()
        is_known = entrance.protocol == "tcp" or not is_certain or entrance.host in answers.watched
        if silent and is_known and not _is_control(cluster, entrance):
            found.append(Closed(entrance, silent, through))
    return found


def problems(cluster: Cluster, answers: Answers, providers: Mapping[str, Provider]) -> list[Problem]:
    """A problem for each closed port, together for hosts of one site. `providers`: host name → its cloud."""
    groups: dict[tuple[object, ...], list[Closed]] = {}
    for one in closed(cluster, answers):
        entrance, site = one.entrance, cluster.host(one.entrance.host).site.site
        provider = providers.get(entrance.host, OTHER).name
        key = (site, provider, entrance.protocol, entrance.port, ":" in entrance.address, bool(one.through))
        groups.setdefault(key, []).append(one)
    return [_problem(cluster, group, providers.get(group[0].entrance.host, OTHER)) for group in groups.values()]


def _problem(cluster: Cluster, group: list[Closed], provider: Provider) -> Problem:
    first = group[0]
    entrance = first.entrance
    hosts = ", ".join(dict.fromkeys(one.entrance.host for one in group))
    addresses = ", ".join(dict.fromkeys(one.entrance.address for one in group))
    sources = _listed(cluster, dict.fromkeys(by for one in group for by in one.silent))
    what = f"no packet from {sources} arrives at {addresses}"
    if entrance.is_forwarded:
        what = f"no packet from {sources} to {addresses} arrives at {hosts}"
    if first.through:
        what += f", while others do (from {_listed(cluster, first.through)})"
    by_whom = f"{provider.name}'s {provider.filter}" if provider.name else f"a {provider.filter}"
    lost = f"{by_whom} drops it: the host would have answered, or refused it"
    if entrance.is_forwarded:
        lost = f"the router does not forward it to {entrance.host}"
    return Problem(
        f"{hosts} {entrance.protocol.upper()} {entrance.port}, inbound",
        what,
        f"{_purpose(cluster, entrance)}; {lost}",
        _fix(cluster, first, provider),
    )


def _fix(cluster: Cluster, one: Closed, provider: Provider) -> str:
    entrance = one.entrance
    if ":" in entrance.address:
        return f"delete the AAAA record of {cluster.coordination_name}, or admit TCP {entrance.port} from ::/0 as well"
    public = outer_address(cluster.host(entrance.host))
    rule = provider.rule(entrance.protocol, entrance.port, str(public or entrance.address), entrance.source)
    if entrance.is_forwarded:
        inside = cluster.host(entrance.host).lan_address
        rule = f"in the router at {entrance.address}, forward {entrance.protocol.upper()} {entrance.port} to {inside}, port {entrance.port}"
    if one.through:
        sites = ", ".join(dict.fromkeys(cluster.host(by).site.site for by in one.silent))
        return f"{rule}; if it is there, let {sites} send to TCP {entrance.port}"
    if entrance.protocol == "udp":
        return f'{rule}. To accept slow paths by the relay instead: exceptions = ("{CLOSED_UDP}",)'
    return rule


def _purpose(cluster: Cluster, entrance: Entrance) -> str:
    if entrance.protocol == "udp":
        is_stun = entrance.port == ports.STUN
        return (
            "hosts behind NAT learn their public address there" if is_stun else "the tailnet's direct paths begin there"
        )
    if _is_inner(entrance):
        return "nginx on the gateway passes logins on to headscale there"
    return "hosts log in there" if _is_login(cluster, entrance) else "the certificate authority asks there (ACME)"


def _listed(cluster: Cluster, names: Collection[str]) -> str:
    texts = [name if name == OPERATOR else f"{name} ({cluster.host(name).site.site})" for name in names]
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _one_of_each_site(
    cluster: Cluster, present: Collection[str], fresh: Collection[str], target: Host
) -> Iterator[str]:
    """A host of each site but the target's, rather one that has not joined."""
    for site in cluster.sites:
        hosts = cluster.hosts_of(site)
        names = [host.name for host in hosts if host.name in present]
        if names and not any(are_near(host, target) for host in hosts):
            yield next((name for name in names if name in fresh), names[0])


def _control(cluster: Cluster, entrance: Entrance) -> Attempt:
    """The operator's attempt at the port of SSH: if it fails, the operator's silence elsewhere proves nothing."""
    host = cluster.host(entrance.host)
    return Attempt(OPERATOR, Entrance(host.name, entrance.address, "tcp", host.ssh_port))


def _is_login(cluster: Cluster, entrance: Entrance) -> bool:
    is_gateway = cluster.host(entrance.host).is_gateway
    return is_gateway and entrance.protocol == "tcp" and entrance.port == cluster.coordination_port


def _is_inner(entrance: Entrance) -> bool:
    return entrance.source != EVERYWHERE


def _is_control(cluster: Cluster, entrance: Entrance) -> bool:
    is_acme = cluster.host(entrance.host).is_gateway and entrance.port == ACME
    return entrance.protocol == "tcp" and not (is_acme or _is_inner(entrance) or _is_login(cluster, entrance))


def _counts(cluster: Cluster, answers: Answers, attempt: Attempt) -> bool:
    """Whether silence there is evidence: for the operator, only if SSH answers at the same address."""
    return attempt.by != OPERATOR or answers.is_through(_control(cluster, attempt.entrance))
