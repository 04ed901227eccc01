"""The checks of a cluster before an upgrade changes anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from cluster.model import Cluster
from cluster.observed.etcd import Member
from cluster.observed.nodes import Node
from cluster.observed.pods import Pod, unmanaged
from cluster.problems import Problem
from cluster.semver import minor, numbers
from cluster.upgrades import Step, declared_versions, group, refusals
from cluster.versions import CONTAINERD_FOR, TAILSCALE_FOR

# kubelet may be at most so many minor versions older than the API.
KUBELET_LAG = 3


def blockers(
    cluster: Cluster,
    found: Sequence[Step],
    parts: Collection[str],
    nodes: Sequence[Node] | None,
    members: Sequence[Member] | None,
) -> list[Problem]:
    """Why the cluster can't be upgraded now. `nodes`: None if the API does not answer; `members`: None if etcd's could not be listed."""
    doing = [step for step in found if step.part in parts]
    leaving = [step for step in found if step.part not in parts]
    problems = [*refusals(doing, declared_versions(cluster)), *_apart(cluster, doing, leaving)]
    of_the_cluster = {"containerd", "kubernetes", "flannel"}
    if nodes is None and of_the_cluster & set(parts):
        where = ", ".join(host.name for host in cluster.control_planes)
        return [
            *problems,
            Problem(
                where,
                "the API does not answer",
                "it has the list of nodes that are ready, and of those that an interrupted upgrade has cordoned",
                "run verify.py, which shows the cause",
            ),
        ]
    if not of_the_cluster & {step.part for step in doing}:
        return problems
    return [*problems, *_nodes(cluster, doing, nodes or ()), *_etcd(cluster, members)]


def _nodes(cluster: Cluster, doing: Sequence[Step], nodes: Sequence[Node]) -> Iterator[Problem]:
    for node in nodes:
        # A node that an interrupted upgrade has marked may be down because of that, and its upgrade continues.
        if not node.ready and not node.in_upgrade:
            yield Problem(
                f"node {node.name}",
                f"it is not ready: {node.reason}",
                "its pods and those of the next drained node would be down at the same time",
                "repair it, or remove it (tasks/remove_host.py)",
            )
        lag = minor(cluster.kubernetes_version)[1] - minor(node.version)[1]
        if any(step.part == "kubernetes" for step in doing) and node.version and lag > KUBELET_LAG:
            yield Problem(
                f"node {node.name}",
                f"its kubelet is {node.version}, but kubernetes_version is {cluster.kubernetes_version}",
                f"kubelet may be at most {KUBELET_LAG} minor versions older than the API",
                "upgrade that node first",
            )


def _etcd(cluster: Cluster, members: Sequence[Member] | None) -> Iterator[Problem]:
    why = "the upgrade stops one etcd member after the other, and the others must keep the quorum without it"
    if members is None:
        yield Problem(
            f"etcd on {cluster.control_planes[0].name}",
            "its members could not be listed",
            why,
            "run verify.py, which shows the cause",
        )
    for member in members or ():
        if not member.healthy:
            yield Problem(
                f"etcd on {member.name}",
                "it does not answer",
                why,
                "repair it, or remove it (tasks/remove_host.py)",
            )


def unmanaged_pods(node: str, pods: Sequence[Pod]) -> list[Problem]:
    """A problem if a drain would end pods without a controller."""
    found = unmanaged(pods)
    if not found:
        return []
    return [
        Problem(
            f"node {node}",
            f"these pods have no controller, so they would not start again: {', '.join(found)}",
            "the node is drained before its upgrade",
            "save their data, then run again with --data force=1, which ends them",
        )
    ]


def unknown_versions(names: Sequence[str]) -> list[Problem]:
    """A problem for each host whose versions could not be read."""
    return [
        Problem(
            name,
            "its versions could not be read",
            "nothing is changed on a host whose state is unknown",
            "see the host's error above",
        )
        for name in names
    ]


def not_offered(step: Step, package: str, uri: str, offered: Sequence[str] | None) -> Problem:
    """The problem that a repository lacks the wanted version. `offered`: its versions; None if they could not be read."""
    # A package's version has a revision, which no inventory may declare.
    same = {numbers(version)[:3] for version in offered or () if minor(version) == minor(step.wanted)}
    near = [".".join(map(str, parts)) for parts in sorted(same) if len(parts) == 3]
    what = f"{uri} could not be read" if offered is None else f"{uri} has no {package} {step.wanted}"
    fix = (
        f"declare one of its versions: {', '.join(near)}"
        if near
        else "check that the host reaches it, or declare a mirror that has this version"
    )
    return Problem(f"{step.host} {step.part}_version", what, "the upgrade starts only if it can be finished", fix)


def not_fetched(step: Step, url: str, error: str | None) -> Problem:
    """The problem that a single file can't be downloaded. `error`: curl's message; None if curl could not be run."""
    return Problem(
        f"{step.host} {step.part}_version",
        f"{url} can't be downloaded: {error or 'curl could not be run'}",
        "the upgrade starts only if it can be finished",
        "declare a released version, or a mirror that has the file",
    )


def _apart(cluster: Cluster, doing: Sequence[Step], leaving: Sequence[Step]) -> Iterator[Problem]:
    """Problems of parts that `--data only=` leaves out, and that are too old for the parts that it upgrades."""
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
                hosts, what, f"the other parts need {step.part} {needed} or newer", f"add it: --data only=…,{step.part}"
            )
