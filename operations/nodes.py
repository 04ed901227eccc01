"""Node objects: labels and taints, drain, uncordon, deletion; by kubectl on a control plane."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.observed import nodes as desired
from cluster.observed.nodes import Node
from cluster.observed.pods import Pod
from engine.fail import API_SILENT, fail
from facts.kubernetes import KUBECTL, Evictable, Nodes

# kubelet of a node that is not ready confirms no pod's end: who waits for it waits forever.
GONE_AFTER_S = 5


@operation()
def drain(
    node: str, timeout_s: int, force: bool = False, is_leaving: bool = False, is_away: bool = False
) -> Generator[StringCommand, None, None]:
    """
    Have a node take no new pods, and move those that can live elsewhere. Pods of the node itself (DaemonSets) stay.

    + node: its name
    + timeout_s: how long their owners' disruption budgets and their own shutdown may take
    + force: also end pods that nobody starts again
    + is_leaving: the Node is deleted afterwards: where it is gone or dead already, there is nothing to move
    + is_away: the host can't be reached, though the API may not have noticed yet: the end of its pods is not waited for
    """
    nodes, pods = host.get_fact(Nodes), host.get_fact(Evictable, node=node)
    found = _find(node, nodes)
    if nodes is not None and is_leaving and not (found and found.ready):
        host.noop("the node is gone or dead: its pods start elsewhere when its Node is deleted")
        return
    if found is None or pods is None:
        yield fail(API_SILENT if pods is None else f"the cluster has no Node {node}")
        return
    moving = [pod for pod in pods if not (pod.leaving and not found.ready)]
    if not moving and not found.schedulable:
        host.noop("the node is drained")
        return
    lonely = [pod.title for pod in moving if not pod.controller and not pod.leaving]
    if lonely and not force:
        yield fail(
            f"nobody would start these pods again: {', '.join(lonely)}. Nothing was moved. Save what they hold; --data force=1 ends them"
        )
        return
    _announce(node, moving)
    is_alive = found.ready and not is_away
    name, wait = shlex.quote(node), "" if is_alive else f" --skip-wait-for-delete-timeout={GONE_AFTER_S}"
    yield StringCommand(
        f"{KUBECTL} drain {name} --ignore-daemonsets --delete-emptydir-data{' --force' if force else ''}{wait} "
        f"--timeout={timeout_s}s"
    )


@operation()
def uncordon(node: str) -> Generator[StringCommand, None, None]:
    """
    Have a node take pods again.

    + node: its name
    """
    nodes = host.get_fact(Nodes)
    found = _find(node, nodes)
    if found is None:
        yield fail(API_SILENT if nodes is None else f"the cluster has no Node {node}")
    elif found.schedulable:
        host.noop("the node takes pods")
    else:
        yield StringCommand(f"{KUBECTL} uncordon {shlex.quote(node)}")


def _find(name: str, nodes: Sequence[Node] | None) -> Node | None:
    return next((node for node in nodes or () if node.name == name), None)


def _announce(node: str, moving: Sequence[Pod]) -> None:
    for pod in moving:
        host.log(f"{pod.title} leaves {node}{'' if pod.controller else ', and nobody starts it again'}")


@operation()
def delete_node(node: str) -> Generator[StringCommand, None, None]:
    """
    Have the API forget a node; its controllers then start its pods elsewhere.

    + node: its name
    """
    nodes = host.get_fact(Nodes)
    if nodes is None:
        yield fail(API_SILENT)
    elif node not in {known.name for known in nodes}:
        host.noop("the cluster has no such Node")
    else:
        yield StringCommand(f"{KUBECTL} delete node {shlex.quote(node)} --timeout=60s")


@operation()
def label_and_taint(wanted: Sequence[desired.Settings]) -> Generator[StringCommand, None, None]:
    """
    Give nodes the labels and taints that are declared. Other labels stay, and so do taints that Kubernetes sets by itself.

    + wanted: for each node
    """
    found = host.get_fact(Nodes)
    known = {node.name: node for node in found or ()}
    missing = [settings.name for settings in wanted if settings.name not in known]
    if found is None or (missing and state.is_executing):
        yield fail(f"no Node of {', '.join(missing)}" if found is not None else API_SILENT)
        return
    calls = [
        call
        for settings in wanted
        if settings.name in known
        for call in desired.corrections(settings, known[settings.name])
    ]
    if not calls and not missing:
        host.noop("nodes are labelled and tainted as declared")
        return
    yield StringCommand("; ".join(["set -e", *(f"{KUBECTL} {shlex.join(call)}" for call in calls)]))
