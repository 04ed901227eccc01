"""What an upgrade will do, made up once while the run is being planned, and what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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
from operations.kubeadm_script import FOLDER
from operations.version_drift import installed, steps_of

# kubeadm, and the API after it, of a run that was interrupted.
SETTLED_S = 1000


@dataclass(frozen=True)
class UpgradePlan:
    """The plan. `steps`: all that differs, `parts`: those that are upgraded; `nodes` None = the API does not answer; `joined`:
    hosts that headscale knows and that take part, `unknown`: hosts that could not be asked."""

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
        """Nodes that the API knows."""
        return tuple(node.name for node in self.nodes or ())

    @property
    def half_way(self) -> list[str]:
        """Nodes that an interrupted upgrade has left behind, and that are not ready."""
        return [node.name for node in self.nodes or () if node.in_upgrade and not node.ready]

    @cached_property
    def due(self) -> list[Host]:
        """The nodes whose turn it is, in order."""
        found = upgrades.due(self.cluster, self.steps, self.nodes or (), self.parts)
        return [host for host in found if host.name in self.reached]

    def of(self, part: str, order: Sequence[Host]) -> list[Host]:
        """Of these hosts, those on which the part is upgraded."""
        names = {step.host for step in self.doing if step.part == part}
        return [host for host in order if host.name in names]

    def step(self, part: str, host: Host) -> Step | None:
        """What is done for the part on that host."""
        return next((step for step in self.doing if (step.part, step.host) == (part, host.name)), None)

    def others(self, host: Host) -> list[str]:
        """The other machines of the tailnet that take part."""
        return [name for name in self.joined if name != host.name]


@once
def upgrade_plan() -> UpgradePlan:
    """The plan of this run; all hosts have the same."""
    cluster = current_cluster()
    active = active_hosts()
    reached = [member.name for member in cluster.hosts if member.name in active]
    speakers = [member.name for member in cluster.control_planes if member.name in reached]
    _let_it_settle(speakers)
    found = {name: steps_of(name) for name in reached}
    known = remote.fact(cluster.coordinator.name, headscale.Nodes) if cluster.coordinator.name in reached else None
    return UpgradePlan(
        cluster=cluster,
        parts=upgrades.chosen(given().get("only", "")),
        steps=tuple(step for steps in found.values() for step in steps or ()),
        unknown=tuple(name for name, steps in found.items() if steps is None),
        nodes=remote.fact(speakers[0], kubernetes.Nodes) if speakers else None,
        joined=tuple(name for name in reached if known is None or node_of(known, name)),
        has_headscale=cluster.coordinator.name in reached and _has_headscale(cluster.coordinator.name),
        reached=frozenset(reached),
    )


def _has_headscale(name: str) -> bool:
    found = installed(name)
    return found is not None and "headscale" in found.packages


def _let_it_settle(speakers: Sequence[str]) -> None:
    """Where the API or etcd is away, wait for a kubeadm that an interrupted run has left behind, and for the API after it."""
    for name in speakers:
        if remote.fact(name, kubernetes.Nodes) is None or remote.fact(name, Members) is None:
            try:
                remote.run(name, _SETTLED, timeout_s=SETTLED_S)
            except remote.RemoteFailure:
                # That it does not answer is said with all else that stands in the way.
                continue


_SETTLED = (
    f"test -f {kubernetes.KUBECONFIG} || exit 0; test ! -e {FOLDER}/lock || flock -w 900 {FOLDER}/lock true; "
    + poll_script(
        f"{kubernetes.KUBECTL} --request-timeout=5s get --raw /readyz 2>&1",
        seconds=60,
        otherwise="the API is not ready",
    )
)
