"""The restart of pods after a change of the pod network, and of kube-proxy after a change of the API's address."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.observed.pods import Networked, unmanaged
from engine import remote
from engine.fail import API_SILENT, fail
from engine.wait import poll_script
from facts.cni import Leases
from facts.kubernetes import KUBECTL, PROXIES, KubeProxyEndpoint, OnPodNetwork
from operations.nodes import no_controller
from operations.systemd import will_have_changed

END_S, PROXY_S = 180, 90


@operation()
def check_controllers(nodes: Sequence[str], force: bool) -> Generator[StringCommand, None, None]:
    """
    Fail if a pod on the pod network has no controller, because it would be lost by a restart. Changes nothing.

    + nodes: names of the nodes whose pods will be restarted
    + force: accept the loss of pods without a controller
    """
    found = _pods_of(nodes)
    lost = unmanaged(found or ())
    if found is None:
        yield fail(API_SILENT)
    elif lost and not force:
        yield fail(no_controller(lost))
    else:
        host.noop("all pods have a controller")


@operation()
def restart(nodes: Sequence[str], after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Delete the pods whose address is not in their node's leases any more; their controllers start them again.

    + nodes: names of the nodes
    + after: operations that remove the pod network (for the preview)
    """
    found = _pods_of(nodes)
    leases = {node: remote.fact(node, Leases) for node in nodes}
    if found is None or None in leases.values():
        yield fail(
            "the leases of a node's pods could not be read, or the API does not answer; see `journalctl -u kubelet` on this host"
        )
        return
    will_be_all = not state.is_executing and will_have_changed(after)
    without_lease = [pod for pod in found if will_be_all or pod.uid not in leases[pod.node]]
    if not without_lease:
        host.noop("all pods have an address of the pod network")
        return
    for pod in without_lease:
        host.log(f"{pod.title} on {pod.node} is restarted")
    yield StringCommand(_delete_pods(without_lease))


@operation()
def kube_proxy_endpoint(api: str, address: Callable[[], str | None]) -> Generator[StringCommand, None, None]:
    """
    Restart this node's kube-proxy if it maps the API's name to an outdated address. Its packet filter rules stay meanwhile.

    + api: name of the API
    + address: returns the address of that name on this host, or None if it is not known
    """
    found, wanted = host.get_fact(KubeProxyEndpoint, api=api), address()
    if found is None or (wanted is None and state.is_executing):
        yield fail("the API's address in kube-proxy's /etc/hosts, or in this host's, could not be read")
    elif all(current == wanted for current in found):
        host.noop("kube-proxy has the API's address, or does not run yet")
    else:
        yield StringCommand("sh -s", _stdin=_restart_kube_proxy(KubeProxyEndpoint().command(api), wanted or ""))


def _restart_kube_proxy(question: str, wanted: str) -> str:
    """A script that kills kube-proxy: kubelet starts it again, with the current /etc/hosts."""
    answer = f"{question}\n:"
    is_wanted = f"""test "$state" = "$(printf 'addresses\\n{wanted}')\""""
    return f"""\
for p in {PROXIES}; do p=${{p%/comm}}; kill -TERM "${{p#/proc/}}"; done
{poll_script(answer, seconds=PROXY_S, accept=is_wanted, otherwise="kube-proxy does not run with the new address")}
"""


def _pods_of(nodes: Sequence[str]) -> list[Networked] | None:
    found = host.get_fact(OnPodNetwork)
    return None if found is None else [pod for pod in found if pod.node in nodes]


def _delete_pods(pods: Sequence[Networked]) -> str:
    by_namespace: dict[str, list[str]] = defaultdict(list)
    for pod in pods:
        by_namespace[pod.namespace].append(pod.name)
    calls = (
        f"{KUBECTL} -n {shlex.quote(namespace)} delete pod --ignore-not-found --timeout={END_S}s {shlex.join(names)}"
        for namespace, names in by_namespace.items()
    )
    return "; ".join(["set -e", *calls])
