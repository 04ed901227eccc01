"""Kubernetes objects from manifests, and waiting for nodes and workloads."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from engine.fail import API_SILENT, fail
from engine.wait import wait
from facts.kubernetes import ABSENT, KUBECTL, SAME, Manifest, Nodes, Workloads
from operations.systemd import will_have_changed

# A board on a slow line pulls the first images for minutes; the wait ends as soon as they run.
WAIT_S = 600
_TROUBLE = f"{KUBECTL} get nodes -o wide >&2; {KUBECTL} get pods --all-namespaces -o wide | awk '$4 != \"Running\"' >&2; exit 1"


@operation()
def apply(manifest: str, after: Sequence[OperationMeta] = ()) -> Generator[StringCommand, None, None]:
    """
    Apply a manifest on the server side; the API itself compares it with its objects.

    + manifest: objects as YAML, without secrets
    + after: operations that delete some of the objects (for the preview)
    """
    found = host.get_fact(Manifest, manifest=manifest)
    if found is None or (found == ABSENT and state.is_executing and host.get_fact(Nodes) is None):
        yield fail(
            "the API could not compare the manifest with its objects: it does not answer, or rejects the manifest; "
            "`kubectl diff` on this host shows the error"
        )
        return
    if found == SAME and not (not state.is_executing and will_have_changed(after)):
        host.noop("the objects are as declared")
        return
    yield StringCommand(
        f"{KUBECTL} apply --server-side --force-conflicts --field-manager=isthmus -f -", _stdin=manifest
    )


@operation()
def delete(namespace: str, daemon_set: str) -> Generator[StringCommand, None, None]:
    """
    Delete a DaemonSet; its pods end afterwards, without a wait.

    + namespace: namespace of the DaemonSet
    + daemon_set: name of the DaemonSet
    """
    found = host.get_fact(Workloads)
    if found is None:
        yield fail(API_SILENT)
    elif ("DaemonSet", namespace, daemon_set) in {(item.kind, item.namespace, item.name) for item in found}:
        yield StringCommand(f"{KUBECTL} -n {namespace} delete daemonset {daemon_set} --ignore-not-found --timeout=60s")
    else:
        host.noop("the DaemonSet does not exist")


@operation()
def wait_for_nodes(wanted: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Wait until nodes are ready. On a timeout the error lists all nodes, and the pods that do not run.

    + wanted: names of the nodes
    """
    found = host.get_fact(Nodes)
    if found is None:
        yield fail(API_SILENT)
        return
    if set(wanted) <= {node.name for node in found if node.ready}:
        host.noop("the nodes are ready")
        return
    names = " ".join(f"node/{name}" for name in wanted)
    command = f"{KUBECTL} wait --for=condition=Ready --timeout={WAIT_S}s {names} || {{ {_TROUBLE}; }}"
    yield from wait(command, WAIT_S, "the nodes are ready")


@operation()
def wait_for_workloads(
    wanted: Sequence[tuple[str, str]], after: Sequence[OperationMeta] = ()
) -> Generator[StringCommand, None, None]:
    """
    Wait until every pod of some workloads runs. On a timeout the error lists all nodes, and the pods that do not run.

    + wanted: pairs of namespace and kind/name, such as `deployment/coredns`
    + after: operations that restart pods if they change something: then every workload is waited for
    """
    found = host.get_fact(Workloads)
    if found is None:
        yield fail(API_SILENT)
        return
    running = {(item.namespace, f"{item.kind.lower()}/{item.name}") for item in found if item.is_available}
    waiting = [workload for workload in wanted if workload not in running or will_have_changed(after)]
    if not waiting:
        host.noop("the workloads run")
    for namespace, name in waiting:
        command = f"{KUBECTL} -n {namespace} rollout status {name} --timeout={WAIT_S}s || {{ {_TROUBLE}; }}"
        yield from wait(command, WAIT_S, f"{name} runs")
