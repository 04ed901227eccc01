"""Why a cluster can't be upgraded now, judged before any change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from cluster.model import Cluster
from cluster.observed.etcd import Member
from cluster.observed.nodes import Node
from cluster.observed.pods import Pod, unmanaged
from cluster.problems import Problem
from cluster.semver import minor, numbers
from cluster.upgrades import Step, group, refusals
from cluster.versions import CONTAINERD_FOR, TAILSCALE_FOR

# kubelet may be so many minor versions older than the API.
KUBELET_LAG = 3


def blockers(
    cluster: Cluster,
    found: Sequence[Step],
    parts: Collection[str],
    nodes: Sequence[Node] | None,
    members: Sequence[Member] | None,
) -> list[Problem]:
    """Why the cluster can't be upgraded now. `nodes` None = the API does not answer, `members` of etcd None = it was not asked."""
    doing = [step for step in found if step.part in parts]
    leaving = [step for step in found if step.part not in parts]
    problems = [*refusals(doing), *_apart(cluster, doing, leaving)]
    of_the_cluster = {"containerd", "kubernetes", "flannel"}
    if nodes is None and of_the_cluster & set(parts):
        where = ", ".join(host.name for host in cluster.control_planes)
        return [
            *problems,
            Problem(
                where,
                "the API does not answer",
                "it says which nodes are ready, and which an interrupted upgrade has left out of service",
                "run verify.py, which says why",
            ),
        ]
    if not of_the_cluster & {step.part for step in doing}:
        return problems
    return [*problems, *_nodes(cluster, doing, nodes or ()), *_etcd(cluster, members)]


def _nodes(cluster: Cluster, doing: Sequence[Step], nodes: Sequence[Node]) -> Iterator[Problem]:
    for node in nodes:
        # One that is half-way may be away because of that, and its turn goes on.
        if not node.ready and not node.in_upgrade:
            yield Problem(
                f"node {node.name}",
                f"it is not ready: {node.reason}",
                "its pods and those of the node that is drained next would be away at once",
                "bring it back, or take it out (tasks/remove_host.py)",
            )
        lag = minor(cluster.kubernetes_version)[1] - minor(node.version)[1]
        if any(step.part == "kubernetes" for step in doing) and node.version and lag > KUBELET_LAG:
            yield Problem(
                f"node {node.name}",
                f"its kubelet is {node.version}, kubernetes_version is {cluster.kubernetes_version}",
                f"kubelet may be {KUBELET_LAG} minor versions older than the API, and no more",
                "upgrade that node first",
            )


def _etcd(cluster: Cluster, members: Sequence[Member] | None) -> Iterator[Problem]:
    why = "each control plane's etcd is away for a while in its turn, and the others must decide without it"
    if members is None:
        yield Problem(
            f"etcd on {cluster.control_planes[0].name}", "it could not be asked", why, "run verify.py, which says why"
        )
    for member in members or ():
        if not member.healthy:
            yield Problem(
                f"etcd on {member.name}",
                "it does not answer",
                why,
                "bring it back, or take it out (tasks/remove_host.py)",
            )


def unmanaged_pods(node: str, pods: Sequence[Pod]) -> list[Problem]:
    """Pods that a drain would end, and that nobody would start again."""
    found = unmanaged(pods)
    if not found:
        return []
    return [
        Problem(
            f"node {node}",
            f"nobody would start these pods again: {', '.join(found)}",
            "the node is drained before its turn",
            "save what they hold; --data force=1 ends them",
        )
    ]


def unknown_versions(names: Sequence[str]) -> list[Problem]:
    """Hosts whose versions could not be read."""
    return [
        Problem(
            name,
            "its versions could not be read",
            "nothing is changed on a host that is not understood",
            "see its error above",
        )
        for name in names
    ]


def not_offered(step: Step, package: str, uri: str, offered: Sequence[str] | None) -> Problem:
    """The repository has no such version; `offered` None = it could not be read."""
    near = sorted((version for version in offered or () if minor(version) == minor(step.wanted)), key=numbers)
    what = f"{uri} could not be read" if offered is None else f"{uri} has no {package} {step.wanted}"
    fix = (
        f"write one that it has: {', '.join(near)}"
        if near
        else "see that the host reaches it, or name a mirror that has it"
    )
    return Problem(f"{step.host} {step.part}_version", what, "nothing is begun that can't be finished", fix)


def not_fetched(step: Step, url: str, said: str | None) -> Problem:
    """A single file can't be had."""
    return Problem(
        f"{step.host} {step.part}_version",
        f"{url} can't be fetched: {said or 'curl could not be run'}",
        "nothing is begun that can't be finished",
        "write a version that is released, or name a mirror that has it",
    )


def _apart(cluster: Cluster, doing: Sequence[Step], leaving: Sequence[Step]) -> Iterator[Problem]:
    """What `only=` leaves out and what it upgrades do not go together."""
    parts = {step.part for step in doing}
    lowest = {
        "containerd": CONTAINERD_FOR.get(minor(cluster.kubernetes_version)) if "kubernetes" in parts else None,
        "tailscale": TAILSCALE_FOR.get(minor(cluster.headscale_version)) if "headscale" in parts else None,
    }
    for step, hosts, what in group(leaving):
        least = lowest.get(step.part)
        if least and minor(step.runs) < least:
            needed = f"{least[0]}.{least[1]}"
            yield Problem(
                hosts, what, f"the other parts want {step.part} {needed} or newer", f"add it: --data only=…,{step.part}"
            )
