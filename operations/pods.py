"""Pods started again after what they stand on was changed: the pod network, or where the API is found."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.observed.pods import Networked
from engine import remote
from engine.fail import API_SILENT, fail
from engine.wait import poll_script
from facts.cni import Leases
from facts.kubernetes import KUBECTL, PROXIES, KubeProxyEndpoint, OnPodNetwork
from operations.systemd import will_have_changed

END_S, PROXY_S = 180, 90


@operation()
def check_controllers(nodes: Sequence[str], force: bool) -> Generator[StringCommand, None, None]:
    """
    Refuse, before anything else is done, where a pod would not be started again by anybody. Changes nothing.

    + nodes: whose pods are meant
    + force: such pods may end
    """
    found = _on(nodes)
    lonely = [pod.title for pod in found or () if not pod.controller]
    if found is None:
        yield fail(API_SILENT)
    elif lonely and not force:
        yield fail(
            f"nobody would start these pods again: {', '.join(lonely)}. Nothing was changed. Save what they hold; --data force=1 ends them"
        )
    else:
        host.noop("every pod is started again")


@operation()
def restart(nodes: Sequence[str], after: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
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


@operation()
def kube_proxy_endpoint(api: str, address: Callable[[], str | None]) -> Generator[StringCommand, None, None]:
    """
    Have this node's kube-proxy find the API where its name leads now. What it has set up stays while it starts again.

    + api: its name
    + address: gives where the name leads on this host, or None where that can't be known
    """
    found, wanted = host.get_fact(KubeProxyEndpoint, api=api), address()
    if found is None or (wanted is None and state.is_executing):
        yield fail("it could not be read where kube-proxy finds the API")
    elif all(asked == wanted for asked in found):
        host.noop("kube-proxy finds the API, or does not run yet")
    else:
        yield StringCommand("sh -s", _stdin=_proxy_again(KubeProxyEndpoint().command(api), wanted or ""))


def _proxy_again(question: str, wanted: str) -> str:
    """End it: kubelet starts it again, with the names that the host has then."""
    answer = f"{question}\n:"
    is_wanted = f"""test "$state" = "$(printf 'addresses\\n{wanted}')\""""
    return f"""\
for p in {PROXIES}; do p=${{p%/comm}}; kill -TERM "${{p#/proc/}}"; done
{poll_script(answer, seconds=PROXY_S, accept=is_wanted, otherwise="kube-proxy does not run with the new address")}
"""


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
