"""Node objects: drain, uncordon, deletion, labels and taints; by kubectl on a control plane."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.observed import nodes as desired
from cluster.observed.nodes import Node
from cluster.observed.pods import Pod, unmanaged
from engine.fail import API_SILENT, fail
from facts.kubernetes import KUBECTL, Evictable, Nodes

# The kubelet of a node that is not ready confirms no pod's end, so drain would wait for it until its timeout.
SKIP_WAIT_S = 5


@operation()
def drain(
    node: str, timeout_s: int, force: bool = False, is_leaving: bool = False, is_away: bool = False
) -> Generator[StringCommand, None, None]:
    """
    Drain a node: cordon it, and evict its pods. Pods of DaemonSets stay.

    + node: name of the Node
    + timeout_s: time limit for all evictions in seconds, which includes disruption budgets and the pods' own shutdown
    + force: also evict pods without a controller, which are lost
    + is_leaving: the Node is deleted afterwards, so nothing is done if it is missing or not ready
    + is_away: the host can't be reached, though the API may still report it as ready: do not wait for the end of its pods
    """
    nodes, pods = host.get_fact(Nodes), host.get_fact(Evictable, node=node)
    found = find_node(node, nodes)
    is_ready = found is not None and found.ready
    evicted = [pod for pod in pods or () if not pod.leaving or is_ready]
    if nodes is not None and is_leaving and not is_ready:
        host.noop("the node is missing or not ready: its pods start elsewhere when its Node is deleted")
    elif found is None or pods is None:
        yield fail(API_SILENT if pods is None else node_unavailable(node, nodes))
    elif not evicted and not found.schedulable:
        host.noop("the node is drained")
    elif reason := _blocker(evicted, force):
        yield fail(reason)
    else:
        _announce(node, evicted)
        yield StringCommand(_drain_command(node, timeout_s, force, is_alive=is_ready and not is_away))


def _blocker(evicted: Sequence[Pod], force: bool) -> str:
    """Why the pods may not be evicted; empty if they may."""
    lost = [] if force else unmanaged(evicted)
    return no_controller(lost) if lost else ""


def _drain_command(node: str, timeout_s: int, force: bool, is_alive: bool) -> str:
    options = ["--ignore-daemonsets", "--delete-emptydir-data"]
    options += ["--force"] if force else []
    options += [] if is_alive else [f"--skip-wait-for-delete-timeout={SKIP_WAIT_S}"]
    return f"{KUBECTL} drain {shlex.quote(node)} {' '.join(options)} --timeout={timeout_s}s"


def no_controller(titles: Sequence[str]) -> str:
    """Why these pods are not ended without `force`."""
    return (
        f"these pods have no controller, so they would not start again: {', '.join(titles)}. Nothing was changed. "
        "Save their data, then run again with --data force=1, which ends them"
    )


@operation()
def uncordon(node: str) -> Generator[StringCommand, None, None]:
    """
    Uncordon a node, so that it takes pods again.

    + node: name of the Node
    """
    nodes = host.get_fact(Nodes)
    found = find_node(node, nodes)
    if found is None:
        yield fail(node_unavailable(node, nodes))
    elif found.schedulable:
        host.noop("the node is schedulable")
    else:
        yield StringCommand(f"{KUBECTL} uncordon {shlex.quote(node)}")


def find_node(name: str, nodes: Sequence[Node] | None) -> Node | None:
    """The Node of that name; None if there is none, or `nodes` could not be read (None)."""
    return next((node for node in nodes or () if node.name == name), None)


def node_unavailable(name: str, nodes: Sequence[Node] | None) -> str:
    """Why `find_node` found nothing."""
    return API_SILENT if nodes is None else f"the cluster has no Node {name}; run the deploy, by which the host joins"


def _announce(node: str, evicted: Sequence[Pod]) -> None:
    for pod in evicted:
        host.log(f"{pod.title} leaves {node}{'' if pod.controller else ' and is lost: it has no controller'}")


@operation()
def delete_node(node: str) -> Generator[StringCommand, None, None]:
    """
    Delete a Node from the API; controllers then start its pods elsewhere.

    + node: name of the Node
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
    Set the declared labels and taints of nodes. Other labels stay, and so do taints that Kubernetes sets itself.

    + wanted: declared labels and taints of each node
    """
    found = host.get_fact(Nodes)
    known = {node.name: node for node in found or ()}
    missing = [settings.name for settings in wanted if settings.name not in known]
    if found is None or (missing and state.is_executing):
        yield fail(
            API_SILENT
            if found is None
            else f"the cluster has no Node of {', '.join(missing)}; have these hosts joined?"
        )
        return
    calls = [
        call
        for settings in wanted
        if settings.name in known
        for call in desired.corrections(settings, known[settings.name])
    ]
    if not calls and not missing:
        host.noop("labels and taints are as declared")
        return
    yield StringCommand("; ".join(["set -e", *(f"{KUBECTL} {shlex.join(call)}" for call in calls)]))
