"""The names that hosts log in to, the certificate that proves them, and the ports."""

from __future__ import annotations

from collections.abc import Iterator

from cluster import ports
from cluster.addresses import is_private
from cluster.model import Cluster, Host
from cluster.problems import Problem

ALL = "group_data/all.py"
TAKEN = ports.fixed_tcp()


def problems(cluster: Cluster) -> Iterator[Problem]:
    """Names that lead somewhere, an entrance that is reached from outside, a certificate that can be had."""
    yield from _name(cluster, "coordination_name", cluster.coordination_name)
    yield from _name(cluster, "api_name", cluster.api_name)
    yield from _two_names(cluster)
    yield from _ports(cluster)
    gateways = [host for host in cluster.hosts if host.is_gateway]
    for host in gateways:
        yield from _entrance(host, "gateway", "every host logs in there")
    for host in (host for host in cluster.hosts if host.is_coordinator and not host.is_gateway):
        yield from _entrance(host, "coordinator", "clients ask it for their own address (STUN, UDP 3478)")
    yield from _acme(cluster, gateways)


def _name(cluster: Cluster, key: str, name: str | None) -> Iterator[Problem]:
    where = f"{ALL} {key}"
    if name is None:
        return
    if name.replace(".", "").isdigit():
        yield Problem(where, f"{name} is an address", "certificates and clients need a name", "write a DNS name")
    elif "." not in name:
        yield Problem(
            where,
            f"{name!r} has no dot",
            "a name without a domain means something else on each host",
            f'write a whole name, such as "{name}.example.org"',
        )
    elif cluster.dns_domain and f".{name}".endswith(f".{cluster.dns_domain}"):
        yield Problem(
            where,
            f"{name} is under dns_domain {cluster.dns_domain}",
            "the cluster's own DNS answers for that domain, and does not know this name",
            "choose a name outside it",
        )


def _two_names(cluster: Cluster) -> Iterator[Problem]:
    if cluster.api_name is not None and cluster.api_name == cluster.coordination_name:
        yield Problem(
            f"{ALL} api_name",
            f"{cluster.api_name} is coordination_name too",
            "on every host the first leads to a control plane, the second to the gateway",
            "choose another name, or leave api_name out",
        )


def _ports(cluster: Cluster) -> Iterator[Problem]:
    for key, port in (("coordination_port", cluster.coordination_port), ("api_port", cluster.api_port)):
        if port in TAKEN:
            yield Problem(
                f"{ALL} {key}", f"{port} is {TAKEN[port]}'s", "two programs can't listen on one port", "choose another"
            )
    both = [host.name for host in cluster.hosts if host.is_gateway and _answers_for_the_api(cluster, host)]
    if both and cluster.api_port == cluster.coordination_port and cluster.api_port is not None:
        yield Problem(
            f"{ALL} api_port",
            f"{cluster.api_port} is coordination_port too, and {both[0]} answers for both",
            "two programs can't listen on one port",
            "choose another for one of them",
        )


def _answers_for_the_api(cluster: Cluster, gateway: Host) -> bool:
    return gateway.is_control_plane or len(cluster.control_planes) > 1


def _entrance(host: Host, role: str, why: str) -> Iterator[Problem]:
    if host.site.nat == "masquerade":
        yield Problem(
            f"{host.name}.roles",
            f"it is the {role}, and stands in site {host.site.site}, which masquerades",
            f"{why}; nothing comes in through such a router",
            f"give the role {role} to a host with a public address of its own",
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
    for host in gateways:
        address = host.internet_address
        if host.site.nat == "none" and address is not None and is_private(address):
            yield Problem(
                f"{ALL} certificate",
                f'it is "acme", and the gateway {host.name} has only the private address {address}',
                "the certificate authority must reach the gateway from outside",
                'give files: certificate = {"certificate": "mesh.crt", "key": "mesh.key"}',
            )
