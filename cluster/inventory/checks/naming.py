"""The names that hosts log in to, the certificate that proves them, and the ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cluster import ports
from cluster.addresses import is_below, is_private
from cluster.documents import headscale
from cluster.model import Cluster, Host
from cluster.model.types import is_number
from cluster.problems import Problem

ALL = "group_data/all.py"
TAKEN = ports.fixed_tcp()
STUN = f"{ports.STUN}/udp"
# What a fix suggests: the first that is free.
USUAL = {"coordination_port": range(443, 30000, 1000), "api_port": range(6443, 30000, 1000)}
# Names that the public DNS never has (RFC 6762, RFC 8375, ICANN's private use).
PRIVATE_DOMAINS = ("internal", "local", "lan", "home.arpa", "invalid")
AUTHORITY = "acme-v02.api.letsencrypt.org"
_WHOLE = 'write a whole name, such as "{}.example.org"'
_FILES = 'give files: certificate = {"certificate": "mesh.crt", "key": "mesh.key"}'


def problems(cluster: Cluster) -> Iterator[Problem]:
    """Names that lead somewhere, an entrance that is reached from outside, a certificate that can be had."""
    yield from _name(cluster, "coordination_name", cluster.coordination_name)
    yield from _name(cluster, "api_name", cluster.api_name)
    yield from _two_names(cluster)
    yield from _domain(cluster)
    yield from _blocked(cluster)
    yield from _ports(cluster)
    gateways = [host for host in cluster.hosts if host.is_gateway]
    for host in gateways:
        web = [f"{cluster.coordination_port}/tcp", *(["80/tcp"] if cluster.certificate == "acme" else [])]
        stun = [STUN] if host.is_coordinator else []
        yield from _entrance(cluster, host, "gateway", [*web, *stun], "every host logs in there")
    for host in (host for host in cluster.hosts if host.is_coordinator and not host.is_gateway):
        yield from _entrance(
            cluster, host, "coordinator", [STUN], "clients ask it for their own address (STUN, UDP 3478)"
        )
    yield from _acme(cluster, gateways)


def _name(cluster: Cluster, key: str, name: str | None) -> Iterator[Problem]:
    where, label = f"{ALL} {key}", "mesh" if key == "coordination_name" else "kube"
    if name is None:
        return
    inside = {"dns_domain": cluster.dns_domain, "the tailnet's own domain": headscale.base_domain(cluster)}
    held = next((key for key, domain in inside.items() if domain and is_below(name, domain)), "")
    if is_number(name.rpartition(".")[2]):
        yield Problem(where, f"{name} is an address", "certificates and clients need a name", _WHOLE.format(label))
    elif name.rpartition(".")[2] in ("localhost", "localdomain"):
        yield Problem(
            where,
            f"{name} is a name of the loopback interface",
            "on each host it leads to that host itself",
            _WHOLE.format(label),
        )
    elif "." not in name:
        yield Problem(
            where,
            f"{name!r} has no dot",
            "a name without a domain means something else on each host",
            _WHOLE.format(name),
        )
    elif held:
        yield Problem(
            where,
            f"{name} is under {held} {inside[held]}",
            "the cluster's own DNS answers for that domain, and does not know this name",
            f'choose a name outside it, such as "{label}.example.org"',
        )


def _two_names(cluster: Cluster) -> Iterator[Problem]:
    harm = "on every host the first leads to a control plane, the second to the gateway"
    if cluster.api_name is not None and cluster.api_name == cluster.coordination_name:
        yield Problem(
            f"{ALL} api_name",
            f"{cluster.api_name} is coordination_name too",
            harm,
            "choose another name, or leave api_name out",
        )
    elif cluster.cluster_name is not None and cluster.api_endpoint_name == cluster.coordination_name:
        yield Problem(
            f"{ALL} coordination_name",
            f"{cluster.coordination_name} is the API's name too, which follows from cluster_name",
            harm,
            'choose another name, such as "mesh.example.org"',
        )


def _domain(cluster: Cluster) -> Iterator[Problem]:
    """The API's name and the tailnet's domain follow from cluster_name: neither may be inside dns_domain."""
    if cluster.dns_domain is None or cluster.cluster_name is None or cluster.api_name is not None:
        return
    if is_below(cluster.api_endpoint_name, cluster.dns_domain):
        yield Problem(
            f"{ALL} dns_domain",
            f"{cluster.api_endpoint_name}, the API's name, is under {cluster.dns_domain}",
            "pods would ask the cluster's own DNS for it, which does not know this name",
            'choose another domain, such as "cluster.local", or write an api_name outside it',
        )


def _ports(cluster: Cluster) -> Iterator[Problem]:
    for key, port in (("coordination_port", cluster.coordination_port), ("api_port", cluster.api_port)):
        owner = _owner(cluster, key, port)
        if owner:
            free = next(number for number in USUAL[key] if not _owner(cluster, key, number))
            fix = f"choose another, such as {free}"
            yield Problem(f"{ALL} {key}", f"{port} is {owner}", "two programs can't listen on one port", fix)
    both = [host.name for host in cluster.hosts if host.is_gateway and _answers_for_the_api(cluster, host)]
    if both and cluster.api_port == cluster.coordination_port and cluster.api_port is not None:
        yield Problem(
            f"{ALL} api_port",
            f"{cluster.api_port} is coordination_port too, and {both[0]} answers for both",
            "two programs can't listen on one port",
            "choose another for one of them",
        )


def _owner(cluster: Cluster, key: str, port: int | None) -> str:
    """Whose the port is on a host that would listen there for `key`: a program's of ours, sshd's or a service's; empty if nobody's."""
    if port is None or port in TAKEN:
        return f"{TAKEN[port]}'s" if port else ""
    at = [host for host in cluster.hosts if host.is_gateway or (key == "api_port" and host.is_control_plane)]
    # A masquerading router forwards ssh_port to another port of the host.
    sshd = next((host.name for host in at if host.ssh_port == port and host.site.nat not in ("masquerade", None)), "")
    if sshd:
        return f"the port of sshd on {sshd}"
    is_node_port = port in ports.NODE_PORTS and any(host.is_node for host in at)
    return "in the range of services of type NodePort" if is_node_port else ""


def _answers_for_the_api(cluster: Cluster, gateway: Host) -> bool:
    return gateway.is_control_plane or len(cluster.control_planes) > 1


def _entrance(cluster: Cluster, host: Host, role: str, needed: Sequence[str], why: str) -> Iterator[Problem]:
    """The host is reached from other sites at the ports, as NUMBER/PROTOCOL: by itself, or because its router forwards them."""
    where, other = f"{host.name}.roles", f"give the role {role} to a host with a public address of its own"
    if host.site.nat == "masquerade":
        missing = [port for port in needed if port not in host.forwarded_ports]
        if missing:
            written = str(tuple(dict.fromkeys((*host.forwarded_ports, *missing)))).replace("'", '"')
            yield Problem(
                where,
                f"it is the {role}, and stands in site {host.site.site}, which masquerades",
                f"{why}; nothing comes in through such a router, except at ports that it forwards",
                f"{other}; or have the router forward {', '.join(missing)} to it, and write forwarded_ports = {written}",
            )
    elif len(cluster.sites) == 1 or host.site.nat is None:
        return
    elif host.internet_address is None:
        yield Problem(where, f"it is the {role}, and has no public address", f"{why}, from other sites too", other)
    elif is_private(host.internet_address) and any(site.nat not in ("none", None) for site in cluster.sites):
        yield Problem(
            where,
            f"it is the {role}, and has only the private address {host.internet_address}",
            f"{why}; other sites can't reach that address",
            f"write its public_address, or {other}",
        )


def _blocked(cluster: Cluster) -> Iterator[Problem]:
    """No site blocks what its hosts need, and no mirror can serve."""
    for site in cluster.sites:
        name = cluster.coordination_name
        if name is not None and site.blocks(name):
            yield Problem(
                f"site {site.site}.blocked",
                f"{name} is coordination_name, and in blocked",
                "every host of the site logs in there",
                "take the name out of blocked, or choose another coordination_name",
            )
        has_gateway = any(host.is_gateway for host in cluster.hosts_of(site))
        if has_gateway and cluster.certificate == "acme" and site.blocks(AUTHORITY):
            yield Problem(
                f"{ALL} certificate",
                f'it is "acme", and {AUTHORITY} is in blocked of site {site.site}',
                "the gateway asks the certificate authority for its certificate",
                _FILES,
            )


def _acme(cluster: Cluster, gateways: list[Host]) -> Iterator[Problem]:
    if cluster.certificate != "acme":
        return
    if cluster.acme_email is None:
        yield Problem(
            f"{ALL} acme_email",
            'it is missing, and certificate is "acme"',
            "the certificate authority writes to it before a certificate expires",
            "write an e-mail address, or give certificate files",
        )
    name = cluster.coordination_name
    private = next((domain for domain in PRIVATE_DOMAINS if name is not None and is_below(name, domain)), "")
    is_wrong = bool(list(_name(cluster, "coordination_name", name))) or name == cluster.api_endpoint_name
    if private and not is_wrong:
        yield Problem(
            f"{ALL} certificate",
            f'it is "acme", and coordination_name {name} is under {private}',
            "the certificate authority finds no such name in the public DNS",
            _FILES,
        )
    for host in gateways:
        address = host.internet_address or host.lan_address
        # With other sites, a gateway of a private subnet has its problem already; so has one behind a masquerading router.
        is_asked = host.site.nat == "none" or (host.site.nat == "one_to_one" and len(cluster.sites) == 1)
        if is_asked and address is not None and address != host.public_address and is_private(address):
            yield Problem(
                f"{ALL} certificate",
                f'it is "acme", and the gateway {host.name} has only the private address {address}',
                "the certificate authority must reach the gateway from outside",
                _FILES,
            )
