"""Which host may leave the cluster, and what the cluster is without it."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.model import Cluster
from cluster.observed.etcd import Member
from cluster.problems import Problem


def refusals(cluster: Cluster, name: str, where: str) -> list[Problem]:
    """Why the host can't be taken out, as far as the inventory tells."""
    host = cluster.host(name)
    found = []
    if host.is_coordinator:
        found.append(("is the coordinator", "headscale runs there, and every host's way to the others comes from it"))
    if host.is_gateway:
        found.append(("is the gateway", "coordination_name leads there, and no host could log in without it"))
    if host.is_control_plane and len(cluster.control_planes) == 1:
        found.append(("is the only control plane", "the Kubernetes API and all that it knows would be gone"))
    return [
        Problem(
            f"{where} --data host",
            f"{name} {what}",
            why,
            "give that part to another host first; tasks/reset.py ends the whole cluster",
        )
        for what, why in found
    ]


def without(cluster: Cluster, name: str) -> Cluster:
    """The same cluster, had the host never been declared."""
    return cluster.model_copy(update={"hosts": tuple(host for host in cluster.hosts if host.name != name)})


def quorum_problem(members: Sequence[Member], leaving: str) -> str:
    """Why etcd could not bear that its member `leaving` goes; empty where it can."""
    left = [member for member in members if member.name != leaving]
    healthy = [member.name for member in left if member.healthy]
    wanted = len(left) // 2 + 1
    if len(left) == len(members) or len(healthy) >= wanted:
        return ""
    silent = ", ".join(member.name for member in left if not member.healthy)
    return (
        f"etcd would be left with {len(left)} members, of which {wanted} must answer, and only {len(healthy)} would: {silent} "
        f"{'does' if len(left) - len(healthy) == 1 else 'do'} not. The API would stop, for reading and writing. Bring it back, or take it out first"
    )
