"""What runs in another version than is declared: said by the deploy, brought about by tasks/upgrade.py, or refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cluster.model import Cluster, Host
from cluster.observed.nodes import Node
from cluster.observed.packages import Installed
from cluster.problems import Problem
from cluster.semver import minor, numbers

# In the order in which they are upgraded. A newer headscale may refuse older clients, a newer kubelet an older containerd.
PARTS = ("tailscale", "headscale", "containerd", "kubernetes", "flannel")
NAMES = {"kubernetes": "Kubernetes"}
OF_KUBERNETES = ("kubeadm", "kubelet", "kubectl")
_OF_A_NODE = {"containerd": "containerd.io", "kubernetes": " ".join(OF_KUBERNETES)}
PACKAGES = ("tailscale", "headscale", "containerd.io", *OF_KUBERNETES)
TASK = "run: pyinfra inventory.py tasks/upgrade.py"
NO_WAY_BACK = {
    "kubernetes": "kubeadm knows no way back",
    "headscale": "it refuses a database that a newer one has changed",
}
OLDER = "an older one may not read what a newer one has written"
ONE_AT_A_TIME = {
    "kubernetes": "kubeadm goes one minor version at a time",
    "headscale": "headscale changes its database one minor version at a time",
}


@dataclass(frozen=True)
class Step:
    """A part that runs on a host in the version `runs`, while `wanted` is declared."""

    part: str
    host: str
    runs: str
    wanted: str

    @property
    def is_downgrade(self) -> bool:
        """The declared one is older."""
        return numbers(self.wanted) < numbers(self.runs)

    @property
    def skips_minor(self) -> bool:
        """There is a minor version between them, and the part does not allow that."""
        next_one = (numbers(self.runs)[0], minor(self.runs)[1] + 1)
        return self.part in ONE_AT_A_TIME and minor(self.wanted) > next_one

    @property
    def changes_minor(self) -> bool:
        """Not only a patch."""
        return minor(self.runs) != minor(self.wanted)


def steps(cluster: Cluster, host: Host, found: Installed, is_pinned: bool, flannel: str = "") -> list[Step]:
    """What differs on `host`. `is_pinned`: containerd's version is ours to say there; `flannel`: the one that its API has, if it runs one."""
    found_in = {
        "tailscale": [found.packages.get("tailscale", "")],
        "headscale": [found.packages.get("headscale", "")] if host.is_coordinator else [],
        "containerd": [found.packages.get("containerd.io", "")] if host.is_node and is_pinned else [],
        "kubernetes": [found.api, *(found.packages.get(name, "") for name in OF_KUBERNETES)] if host.is_node else [],
        "flannel": [flannel],
    }
    differing = {
        part: _differing([v for v in versions if v], declared(cluster, part)) for part, versions in found_in.items()
    }
    return [Step(part, host.name, runs, declared(cluster, part)) for part, runs in differing.items() if runs]


def declared(cluster: Cluster, part: str) -> str:
    """The version that the inventory says."""
    version: str = getattr(cluster, f"{part}_version")
    return version


def is_version(found: str, wanted: str) -> bool:
    """Whether a package's version (1.36.3-1.1, 2.3.7-1~debian.12~bookworm) is that version."""
    return numbers(found) == numbers(wanted)


def _differing(found: Sequence[str], wanted: str) -> str:
    """One that is newer than wanted, else the oldest that is not wanted; empty where all are."""
    texts = {".".join(str(number) for number in numbers(version)): numbers(version) for version in found}
    others = [text for text, number in texts.items() if number != numbers(wanted)]
    return next(
        (text for text in others if texts[text] > numbers(wanted)), min(others, key=texts.__getitem__, default="")
    )


def differences(found: Iterable[Step], outside: Collection[str] = ()) -> list[Problem]:
    """What the deploy says of them, before any change: it never upgrades or downgrades what runs. One for all hosts that are alike.

    `outside`: hosts that are no nodes of a cluster yet; what they have for it is from somebody else, or from before a reset.
    """
    ours: list[Step] = []
    theirs: list[Step] = []
    for step in found:
        (theirs if step.host in outside and step.part in _OF_A_NODE else ours).append(step)
    why = "deploy.py never upgrades or downgrades what runs"
    problems = [Problem(hosts, what, why, _refusal(step) or TASK) for step, hosts, what in group(ours)]
    return problems + [Problem(hosts, what, why, _by_hand(step)) for step, hosts, what in group(theirs)]


def _by_hand(step: Step) -> str:
    return (
        f"it is not this cluster's yet: if nobody else uses it there, `apt-get purge {_OF_A_NODE[step.part]}`, and the deploy installs "
        f'it; else upgrade it by hand, or write {step.part}_version = "{step.runs}"'
    )


def refusals(found: Iterable[Step]) -> list[Problem]:
    """Those that no upgrade brings about."""
    return [
        Problem(hosts, what, NO_WAY_BACK.get(step.part, OLDER) if step.is_downgrade else ONE_AT_A_TIME[step.part], fix)
        for step, hosts, what in group(found)
        if (fix := _refusal(step))
    ]


def _refusal(step: Step) -> str:
    """What to do where the step can't be done; empty where it can."""
    if step.is_downgrade:
        return f'write {step.part}_version = "{step.runs}": {NO_WAY_BACK.get(step.part, OLDER)}'
    if step.skips_minor:
        major, between = minor(step.runs)
        return f"run tasks/upgrade.py with {major}.{between + 1} first: {ONE_AT_A_TIME[step.part]}"
    return ""


def group(found: Iterable[Step]) -> Iterator[tuple[Step, str, str]]:
    """A step, the hosts that have the same one, and both versions in words."""
    alike: dict[tuple[str, str], list[Step]] = {}
    for step in found:
        alike.setdefault((step.part, step.runs), []).append(step)
    for same in alike.values():
        step = same[0]
        what = f"{NAMES.get(step.part, step.part)} {step.runs} runs there, {step.part}_version is {step.wanted}"
        yield step, ", ".join(one.host for one in same), what


def chosen(only: str) -> tuple[str, ...]:
    """The parts that `--data only=` names, in their order; all where it names none."""
    words = [word for word in only.split(",") if word]
    return tuple(part for part in PARTS if not words or part in words)


def tailscale_order(cluster: Cluster) -> list[Host]:
    """One host after the other; those that others need come last, so that a client that fails stops the run before them."""
    return sorted(cluster.hosts, key=lambda host: (host.is_gateway, host.is_coordinator, host.is_control_plane))


def node_order(cluster: Cluster) -> list[Host]:
    """Control planes first: a kubelet may not be newer than an API that it speaks to."""
    return [*cluster.control_planes, *(node for node in cluster.nodes if not node.is_control_plane)]


def due(cluster: Cluster, found: Sequence[Step], nodes: Sequence[Node], parts: Collection[str]) -> list[Host]:
    """The nodes whose turn it is, in order: another version, one that was installed and not begun, or left half-way."""
    differ = {step.host for step in found if step.part in ("containerd", "kubernetes") and step.part in parts}
    known = {node.name: node for node in nodes}

    def is_due(host: Host) -> bool:
        node = known.get(host.name)
        left = node is not None and node.in_upgrade and bool({"containerd", "kubernetes"} & set(parts))
        behind = node is not None and "kubernetes" in parts and not is_version(node.version, cluster.kubernetes_version)
        return host.name in differ or left or behind

    return [host for host in node_order(cluster) if is_due(host)]


def summary(doing: Sequence[Step], due: Sequence[str]) -> list[str]:
    """What is upgraded, a line for each part and pair of versions, in the order in which it is done."""
    ordered = sorted(doing, key=lambda step: PARTS.index(step.part))
    lines = [
        f"{NAMES.get(step.part, step.part)} {step.runs} → {step.wanted}: {hosts}" for step, hosts, _ in group(ordered)
    ]
    return [*lines, *([f"one node after the other: {', '.join(due)}"] if due else [])]
