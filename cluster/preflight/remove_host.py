"""The check whether a host may be removed, and the cluster without it."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.model import Cluster
from cluster.observed.etcd import Member
from cluster.problems import Problem


def refusals(cluster: Cluster, name: str, where: str) -> list[Problem]:
    """Why the host can't be removed, from the inventory alone. `where`: the task's name."""
    host = cluster.host(name)
    found = []
    if host.is_coordinator:
        found.append(("is the coordinator", "headscale runs on it, which connects all hosts"))
    if host.is_gateway:
        found.append(
            ("is the gateway", "coordination_name leads to it, and no host could log in to the tailnet without it")
        )
    if host.is_control_plane and len(cluster.control_planes) == 1:
        found.append(("is the only control plane", "the Kubernetes API and all its objects would be lost"))
    return [
        Problem(
            f"{where} --data host",
            f"{name} {what}",
            why,
            "give that role to another host first; to remove the whole cluster, run tasks/reset.py",
        )
        for what, why in found
    ]


def without(cluster: Cluster, name: str) -> Cluster:
    """The cluster without that host."""
    return cluster.model_copy(update={"hosts": tuple(host for host in cluster.hosts if host.name != name)})


def quorum_problem(members: Sequence[Member], leaving: str) -> str:
    """Why etcd would lose its quorum without its member `leaving`; empty if it would not."""
    left = [member for member in members if member.name != leaving]
    healthy = [member.name for member in left if member.healthy]
    wanted = len(left) // 2 + 1
    if len(left) == len(members) or len(healthy) >= wanted:
        return ""
    silent = ", ".join(member.name for member in left if not member.healthy)
    return (
        f"etcd would have {len(left)} members, of which {wanted} must answer for a quorum, but only {len(healthy)} would: {silent} "
        f"{'does' if len(left) - len(healthy) == 1 else 'do'} not. The API would stop. Repair that member, or remove it first"
    )
