"""Pods whose network was taken from under them, started again; said to the API on a control plane."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.pods import Networked
from facts.cni import Leases
from facts.kubernetes import KUBECTL, OnPodNetwork
from operations import remote
from operations.failing import fail
from operations.systemd import will_have_changed

END_S = 180


@operation()
def all_have_owners(nodes: Sequence[str], force: bool) -> Generator[StringCommand, None, None]:
    """
    Refuse, before anything else is done, where a pod would not be started again by anybody. Changes nothing.

    + nodes: whose pods are meant
    + force: such pods may end
    """
    found = _on(nodes)
    lonely = [pod.title for pod in found or () if not pod.controller]
    if found is None:
        yield fail("the API does not answer")
    elif lonely and not force:
        yield fail(
            f"nobody would start these pods again: {', '.join(lonely)}. Nothing was changed. Save what they hold; --data force=1 ends them"
        )
    else:
        host.noop("every pod is started again")


@operation()
def renewed(nodes: Sequence[str], after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    End the pods that have no address of their node's pod network any more; whoever owns them starts them again.

    + nodes: whose pods are meant
    + after: operations that take the network away (for the preview)
    """
    found = _on(nodes)
    leases = {node: remote.fact(node, Leases) for node in nodes}
    if found is None or None in leases.values():
        yield fail("the API does not answer, or a node's leases could not be read")
        return
    will_be_all = not state.is_executing and will_have_changed(after)
    stranded = [pod for pod in found if will_be_all or pod.uid not in leases[pod.node]]
    if not stranded:
        host.noop("every pod is on the network")
        return
    for pod in stranded:
        host.log(f"{pod.title} on {pod.node} is started again")
    yield StringCommand(_ended(stranded))


def _on(nodes: Sequence[str]) -> list[Networked] | None:
    found = host.get_fact(OnPodNetwork)
    return None if found is None else [pod for pod in found if pod.node in nodes]


def _ended(pods: Sequence[Networked]) -> str:
    by_namespace: dict[str, list[str]] = defaultdict(list)
    for pod in pods:
        by_namespace[pod.namespace].append(pod.name)
    calls = (
        f"{KUBECTL} -n {shlex.quote(namespace)} delete pod --ignore-not-found --timeout={END_S}s {shlex.join(names)}"
        for namespace, names in by_namespace.items()
    )
    return "; ".join(["set -e", *calls])
