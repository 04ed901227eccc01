"""Who coordinates, who ends TLS, who controls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cluster.model import Cluster, Host
from cluster.problems import Problem

ROLES = "inventory.py roles"


def problems(cluster: Cluster) -> Iterator[Problem]:
    """One coordinator, at most one gateway, an odd number of control planes in one site."""
    yield from _exactly_one("coordinator", [host for host in cluster.hosts if host.is_coordinator])
    yield from _at_most_one_gateway([host for host in cluster.hosts if host.is_gateway])
    yield from _one_site_for_coordination(cluster)
    yield from _control_planes(cluster.control_planes)
    for host in cluster.hosts:
        yield from _repeated(host)


def warnings(cluster: Cluster) -> Iterator[str]:
    """A control plane too much in one place."""
    if len(cluster.control_planes) > 1 and cluster.gateway.is_control_plane:
        yield (
            f"{cluster.gateway.name} is gateway and control plane: workers ask its API only, and lose it with that host, though "
            f"{len(cluster.control_planes) - 1} others answer; a gateway that is no control plane passes calls on to all of them"
        )


def _exactly_one(role: str, hosts: Sequence[Host]) -> Iterator[Problem]:
    if len(hosts) > 1:
        yield Problem(
            ROLES,
            f"{_names(hosts)} are each declared {role}",
            "there is one headscale, and every host logs in to it",
            f"leave the role {role} to one of them",
        )
    elif not hosts:
        yield Problem(
            ROLES,
            f"no host is the {role}",
            "headscale runs there, and every host logs in to it",
            f'give one host the role "{role}"',
        )


def _at_most_one_gateway(hosts: Sequence[Host]) -> Iterator[Problem]:
    if len(hosts) > 1:
        yield Problem(
            ROLES,
            f"{_names(hosts)} are each declared gateway",
            "coordination_name leads to one host, which ends TLS",
            "leave the role gateway to one of them",
        )


def _one_site_for_coordination(cluster: Cluster) -> Iterator[Problem]:
    gateways = [host for host in cluster.hosts if host.is_gateway]
    coordinators = [host for host in cluster.hosts if host.is_coordinator]
    if len(gateways) == 1 and len(coordinators) == 1 and gateways[0].site.site != coordinators[0].site.site:
        yield Problem(
            ROLES,
            f"gateway {gateways[0].name} stands in {gateways[0].site.site}, "
            f"coordinator {coordinators[0].name} in {coordinators[0].site.site}",
            "the gateway reaches headscale by its LAN address, before there is a tailnet",
            "put both in one site, or give both roles to one host",
        )


def _control_planes(hosts: Sequence[Host]) -> Iterator[Problem]:
    sites = sorted({host.site.site for host in hosts if host.site.site})
    if not hosts:
        yield Problem(
            ROLES,
            "no host is a control plane",
            "the Kubernetes API runs there",
            'give one host, or three, the role "control_plane"',
        )
    elif len(hosts) % 2 == 0:
        yield Problem(
            ROLES,
            f"{_names(hosts)} are {len(hosts)} control planes, an even number",
            "etcd needs more than half of its members: an even number bears no more failures than one less",
            "declare one more, or one fewer",
        )
    if len(sites) > 1:
        yield Problem(
            ROLES,
            f"control planes stand in {' and '.join(sites)}",
            "etcd waits for an answer from other members with every write, and a cut link would stop the API",
            "keep all control planes in one site",
        )


def _repeated(host: Host) -> Iterator[Problem]:
    for role, count in Counter(host.roles).items():
        if count > 1:
            yield Problem(
                f"{host.name}.roles", f"{role} is there {count} times", "a role is had or not", f"write {role} once"
            )


def _names(hosts: Sequence[Host]) -> str:
    return " and ".join(host.name for host in hosts)
