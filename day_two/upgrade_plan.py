"""The upgrade plan, computed once per run in pyinfra's prepare stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pyinfra import logger

from cluster import upgrades
from cluster.model import Cluster, Host
from cluster.observed.headscale import node_of
from cluster.observed.nodes import Node
from cluster.upgrades import Step
from engine import remote
from engine.command_line import given
from engine.inventory import active_hosts, current_cluster
from engine.once import once
from engine.wait import poll_script
from facts import headscale, kubernetes
from facts.etcd import Members
from facts.versions import ManifestDiff
from operations.kubeadm_script import FOLDER
from operations.version_drift import installed, steps_of

# The kubeadm of an interrupted run (900 s), and the start of the API after it (60 s).
SETTLE_TIMEOUT_S = 1000


@dataclass(frozen=True)
class UpgradePlan:
    """The plan of a run.

    `parts`: the parts that this run upgrades. `steps`: all differences, also of other parts. `unknown`: hosts whose versions could
    not be read. `nodes`: None if the API does not answer. `joined`: hosts of this run that are machines in headscale.
    `has_headscale`: headscale is installed on the coordinator. `reached`: hosts of this run.
    """

    cluster: Cluster
    parts: tuple[str, ...]
    steps: tuple[Step, ...]
    unknown: tuple[str, ...]
    nodes: Sequence[Node] | None
    joined: tuple[str, ...]
    has_headscale: bool
    reached: frozenset[str]

    @property
    def doing(self) -> list[Step]:
        """The steps of this run."""
        return [step for step in self.steps if step.part in self.parts]

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names of all Nodes in the API."""
        return tuple(node.name for node in self.nodes or ())

    @property
    def half_way(self) -> list[str]:
        """Names of nodes that an interrupted upgrade has marked, and that are not ready."""
        return [node.name for node in self.nodes or () if node.in_upgrade and not node.ready]

    @cached_property
    def due(self) -> list[Host]:
        """The nodes that this run upgrades, in order."""
        found = upgrades.due(self.cluster, self.steps, self.nodes or (), self.parts)
        return [host for host in found if host.name in self.reached]

    def of(self, part: str, order: Sequence[Host]) -> list[Host]:
        """The hosts of `order` on which this run upgrades the part."""
        names = {step.host for step in self.doing if step.part == part}
        return [host for host in order if host.name in names]

    def step(self, part: str, host: Host) -> Step | None:
        """The step of a part on a host; None if this run does not upgrade it."""
        return next((step for step in self.doing if (step.part, step.host) == (part, host.name)), None)

    def others(self, host: Host) -> list[str]:
        """Names of the other machines of the tailnet in this run."""
        return [name for name in self.joined if name != host.name]


@once
def upgrade_plan() -> UpgradePlan:
    """The plan of this run, which is the same for all hosts."""
    cluster = current_cluster()
    active = active_hosts()
    reached = [member.name for member in cluster.hosts if member.name in active]
    control_planes = [member.name for member in cluster.control_planes if member.name in reached]
    _wait_for_interrupted_run(control_planes)
    found = {name: steps_of(name) for name in reached}
    known = remote.fact(cluster.coordinator.name, headscale.Nodes) if cluster.coordinator.name in reached else None
    return UpgradePlan(
        cluster=cluster,
        parts=upgrades.chosen(given().get("only", "")),
        steps=tuple(step for steps in found.values() for step in steps or ()),
        unknown=tuple(name for name, steps in found.items() if steps is None),
        nodes=remote.fact(control_planes[0], kubernetes.Nodes) if control_planes else None,
        joined=tuple(name for name in reached if known is None or node_of(known, name)),
        has_headscale=cluster.coordinator.name in reached and _has_headscale(cluster.coordinator.name),
        reached=frozenset(reached),
    )


def log_plan() -> None:
    """Log the steps, and the output of `kubeadm upgrade diff`. `kubeadm upgrade plan` is not run, because it makes a Job in the cluster."""
    plan = upgrade_plan()
    for line in upgrades.summary(plan.doing, [node.name for node in plan.due]):
        logger.info(f"--> {line}")
    first = current_cluster().control_planes[0]
    if plan.step("kubernetes", first) and first.name in plan.members:
        changed = remote.fact(first.name, ManifestDiff, version=current_cluster().kubernetes_version) or []
        for line in changed:
            logger.info(f"    {line}")


def _has_headscale(name: str) -> bool:
    found = installed(name)
    return found is not None and "headscale" in found.packages


def _wait_for_interrupted_run(control_planes: Sequence[str]) -> None:
    """If the API or etcd does not answer, wait for the end of an interrupted run's kubeadm, and for the API after it."""
    for name in control_planes:
        if remote.fact(name, kubernetes.Nodes) is None or remote.fact(name, Members) is None:
            try:
                remote.run(name, _WAIT, timeout_s=SETTLE_TIMEOUT_S)
            except remote.RemoteFailure:
                # upgrade_check reports a silent API together with all other problems.
                continue


_WAIT = (
    f"test -f {kubernetes.KUBECONFIG} || exit 0; test ! -e {FOLDER}/lock || flock -w 900 {FOLDER}/lock true; "
    + poll_script(
        f"{kubernetes.KUBECTL} --request-timeout=5s get --raw /readyz 2>&1",
        seconds=60,
        otherwise="the API is not ready",
    )
)
