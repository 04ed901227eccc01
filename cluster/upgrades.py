"""Differences between installed and declared versions: refused by the deploy, made by tasks/upgrade.py if the step is possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cluster.accepted_versions import accepts, lowest_minor
from cluster.model import Cluster, Host
from cluster.observed.nodes import Node
from cluster.observed.packages import Installed
from cluster.problems import Problem
from cluster.semver import minor, numbers

# In the order of their upgrade: a newer headscale may refuse older clients, and a newer kubelet an older containerd.
PARTS = ("tailscale", "headscale", "containerd", "kubernetes", "flannel")
NAMES = {"kubernetes": "Kubernetes"}
OF_KUBERNETES = ("kubeadm", "kubelet", "kubectl")
_OF_A_NODE = {"containerd": "containerd.io", "kubernetes": " ".join(OF_KUBERNETES)}
PACKAGES = ("tailscale", "headscale", "containerd.io", *OF_KUBERNETES)
TASK = "run: pyinfra inventory.py tasks/upgrade.py"
NO_WAY_BACK = {
    "kubernetes": "kubeadm can't downgrade",
    "headscale": "headscale refuses a database that a newer version has changed",
}
OLDER = "an older version may not read the files of a newer one"
ONE_AT_A_TIME = {
    "kubernetes": "kubeadm upgrades one minor version at a time",
    "headscale": "headscale migrates its database one minor version at a time",
}


@dataclass(frozen=True)
class Step:
    """The upgrade of a part (one of PARTS) on a host, from the version `runs` to the declared version `wanted`."""

    part: str
    host: str
    runs: str
    wanted: str

    @property
    def is_downgrade(self) -> bool:
        """Whether the declared version is older."""
        return numbers(self.wanted) < numbers(self.runs)

    @property
    def skips_minor(self) -> bool:
        """Whether the step skips a minor version, and the part does not allow that."""
        next_one = (numbers(self.runs)[0], minor(self.runs)[1] + 1)
        return self.part in ONE_AT_A_TIME and minor(self.wanted) > next_one

    @property
    def changes_minor(self) -> bool:
        """Whether the step changes the minor version, not only the patch."""
        return minor(self.runs) != minor(self.wanted)


def steps(cluster: Cluster, host: Host, found: Installed, is_pinned: bool, flannel: str = "") -> list[Step]:
    """The steps of `host`. `is_pinned`: containerd's version is the declared one on this host, not the distribution's.

    `flannel`: flannel's version in the cluster, on the host that it is counted for; else empty.
    """
    found_in = {
        "tailscale": [found.packages.get("tailscale", "")],
        "headscale": [found.packages.get("headscale", "")] if host.is_coordinator else [],
        "containerd": [found.packages.get("containerd.io", "")] if host.is_node and is_pinned else [],
        "kubernetes": [found.api, *(found.packages.get(name, "") for name in OF_KUBERNETES)] if host.is_node else [],
        "flannel": [flannel],
    }
    # A package's version may begin with an epoch: 1:528.0.0-0.
    differing = {
        part: _differing([v.rpartition(":")[2] for v in versions if v], declared(cluster, part))
        for part, versions in found_in.items()
    }
    return [Step(part, host.name, runs, declared(cluster, part)) for part, runs in differing.items() if runs]


def declared(cluster: Cluster, part: str) -> str:
    """The declared version of a part."""
    version: str = getattr(cluster, f"{part}_version")
    return version


def is_version(found: str, wanted: str) -> bool:
    """Whether a package's version (1.36.3-1.1, 2.3.7-1~debian.12~bookworm) is the wanted version (1.36.3, 2.3.7)."""
    return numbers(found) == numbers(wanted)


def _differing(found: Sequence[str], wanted: str) -> str:
    """A version that is newer than wanted, else the oldest other version; empty if all are the wanted one."""
    texts = {".".join(str(number) for number in numbers(version)): numbers(version) for version in found}
    others = [text for text, number in texts.items() if number != numbers(wanted)]
    return next(
        (text for text in others if texts[text] > numbers(wanted)), min(others, key=texts.__getitem__, default="")
    )


def differences(
    found: Iterable[Step], outside: Collection[str] = (), versions: Mapping[str, str] = MappingProxyType({})
) -> list[Problem]:
    """Problems with which the deploy stops, because it never changes an installed version; one problem for all hosts with the same step.

    `outside`: hosts that are no nodes of a cluster yet; their packages are somebody else's, or remain from before a reset.
    `versions`: part → its declared version, of all parts (`declared_versions`): a fix asks only for what goes with the others.
    """
    ours: list[Step] = []
    theirs: list[Step] = []
    for step in found:
        (theirs if step.host in outside and step.part in _OF_A_NODE else ours).append(step)
    why = "deploy.py never upgrades or downgrades an installed version"
    problems = [Problem(hosts, what, why, _refusal(step, versions) or TASK) for step, hosts, what in group(ours)]
    return problems + [Problem(hosts, what, why, _by_hand(step, versions)) for step, hosts, what in group(theirs)]


def _by_hand(step: Step, versions: Mapping[str, str]) -> str:
    written = f', or write {step.part}_version = "{step.runs}"' if accepts(step.part, step.runs, versions) else ""
    return (
        f"the host is no node yet: if no other program needs it there, run `apt-get purge {_OF_A_NODE[step.part]}`, and the deploy "
        f"installs it; else bring it to {step.wanted} by hand{written}"
    )


def refusals(found: Iterable[Step], versions: Mapping[str, str] = MappingProxyType({})) -> list[Problem]:
    """Problems of the steps that no upgrade can make. `versions`: as for `differences`."""
    return [
        Problem(hosts, what, NO_WAY_BACK.get(step.part, OLDER) if step.is_downgrade else ONE_AT_A_TIME[step.part], fix)
        for step, hosts, what in group(found)
        if (fix := _refusal(step, versions))
    ]


def _refusal(step: Step, versions: Mapping[str, str]) -> str:
    """The fix for a step that no upgrade can make; empty if it can be made."""
    if step.is_downgrade:
        why = NO_WAY_BACK.get(step.part, OLDER)
        if accepts(step.part, step.runs, versions):
            return f'write {step.part}_version = "{step.runs}": {why}'
        return f"use a version of isthmus that supports {step.runs} with the other declared versions, or reinstall the host: {why}"
    if step.skips_minor:
        major, between = minor(step.runs)
        lowest = lowest_minor(step.part)
        if lowest and (major, between + 1) < lowest:
            goal = f"{lowest[0]}.{lowest[1]}"
            return f"bring it to {goal} by hand, one minor version after the other, then run this again: {ONE_AT_A_TIME[step.part]}"
        return f"run tasks/upgrade.py with {major}.{between + 1} first: {ONE_AT_A_TIME[step.part]}"
    return ""


def declared_versions(cluster: Cluster) -> dict[str, str]:
    """Part → its declared version."""
    return {part: declared(cluster, part) for part in PARTS}


def group(found: Iterable[Step]) -> Iterator[tuple[Step, str, str]]:
    """Each different step, the names of the hosts that have it, and both versions in words."""
    alike: dict[tuple[str, str], list[Step]] = {}
    for step in found:
        alike.setdefault((step.part, step.runs), []).append(step)
    for same in alike.values():
        step = same[0]
        what = f"{NAMES.get(step.part, step.part)} {step.runs} is installed, but {step.part}_version is {step.wanted}"
        yield step, ", ".join(each.host for each in same), what


def chosen(only: str) -> tuple[str, ...]:
    """The parts in `--data only=`, in the order of their upgrade; all parts if it is empty."""
    words = [word for word in only.split(",") if word]
    return tuple(part for part in PARTS if not words or part in words)


def tailscale_order(cluster: Cluster) -> list[Host]:
    """All hosts; the coordinator and the gateway come last, so that a failed client stops the run before them."""
    return sorted(cluster.hosts, key=lambda host: (host.is_gateway, host.is_coordinator, host.is_control_plane))


def node_order(cluster: Cluster) -> list[Host]:
    """All nodes, control planes first: a kubelet may not be newer than its API."""
    return [*cluster.control_planes, *(node for node in cluster.nodes if not node.is_control_plane)]


def due(cluster: Cluster, found: Sequence[Step], nodes: Sequence[Node], parts: Collection[str]) -> list[Host]:
    """The nodes to upgrade, in order: with another version, with an installed kubelet that does not run yet, or left by an interrupted upgrade."""
    differ = {step.host for step in found if step.part in ("containerd", "kubernetes") and step.part in parts}
    known = {node.name: node for node in nodes}

    def is_due(host: Host) -> bool:
        node = known.get(host.name)
        is_unfinished = node is not None and node.in_upgrade and bool({"containerd", "kubernetes"} & set(parts))
        runs_other = (
            node is not None and "kubernetes" in parts and not is_version(node.version, cluster.kubernetes_version)
        )
        return host.name in differ or is_unfinished or runs_other

    return [host for host in node_order(cluster) if is_due(host)]


def summary(doing: Sequence[Step], due: Sequence[str]) -> list[str]:
    """The steps as text, a line for each part and pair of versions, in the order of their upgrade."""
    ordered = sorted(doing, key=lambda step: PARTS.index(step.part))
    lines = [
        f"{NAMES.get(step.part, step.part)} {step.runs} → {step.wanted}: {hosts}" for step, hosts, _ in group(ordered)
    ]
    return [*lines, *([f"one node after the other: {', '.join(due)}"] if due else [])]
