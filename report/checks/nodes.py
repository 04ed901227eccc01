"""Nodes of Kubernetes: state, address, version, and kube-proxy's rules."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.documents import api_endpoint
from cluster.model import Host
from cluster.observed.nodes import Node
from report.checks.groups import IMAGES, NODE
from report.checks.hosts import DEPLOY
from report.findings import Deviation, View, check, deviation
from report.measurement import HostMeasured

OLDEST_KUBELET = 3  # minor versions behind the API that Kubernetes' skew policy still allows


@check("node-not-ready", depends_on=(*NODE, "clock-skew", "path-blocked", "route-not-accepted"))
def not_ready(view: View) -> Iterator[Deviation]:
    """A node is absent or not ready, its kubelet or containerd has stopped, or the API does not answer."""
    api = view.measured.api
    if api is None or api.nodes is None:
        yield from _api_silent(view)
        return
    nodes = {node.name: node for node in api.nodes}
    measured = {host.name: host for host in view.measured.hosts}
    for declared in view.cluster.nodes:
        if declared.name in measured:
            yield from _one_not_ready(view, declared, measured[declared.name], nodes.get(declared.name))


def _one_not_ready(view: View, declared: Host, host: HostMeasured, node: Node | None) -> Iterator[Deviation]:
    stopped = [unit for unit in ("containerd", "kubelet") if host.units.get(unit, "active") != "active"]
    if node and node.ready and not stopped:
        return
    may_be_cut_off = node and not stopped and not declared.is_control_plane
    why = _no_way_to_the_api(view) if may_be_cut_off else ""
    yield _cut_off(view, host, why) if why else _down(host, node, stopped)


def _api_silent(view: View) -> Iterator[Deviation]:
    speaker = next((host for host in view.cluster.control_planes if view.has(host.name)), None)
    if speaker is None:
        return
    host = view.measured.host(speaker.name)
    stopped = [unit for unit in ("containerd", "kubelet") if host.units.get(unit) != "active"]
    # Every node depends on it.
    nodes = (speaker.name, *(node.name for node in view.nodes() if node.name != speaker.name))
    yield deviation(
        nodes,
        "the Kubernetes API does not answer on it",
        f"{' and '.join(stopped)} {'has' if len(stopped) == 1 else 'have'} stopped there"
        if stopped
        else "kube-apiserver or etcd does not run",
        f"on {speaker.name}: "
        + (
            f"systemctl start {' '.join(stopped)}"
            if stopped
            else "ctr -n k8s.io containers list; journalctl -u kubelet -n 50"
        ),
        host.evidence.get("units"),
        host.evidence.get("kubelet-log"),
        where=speaker.name,
        caused_by=(speaker.name,),
    )


def _no_way_to_the_api(view: View) -> str:
    """Why the gateway does not forward workers' calls to the API; empty if it does, or if it need not."""
    gateway = view.cluster.gateway.name
    if not api_endpoint.is_forwarded(view.cluster) or all(found.name != gateway for found in view.measured.hosts):
        return ""
    found = view.measured.host(gateway)
    if not found.reached:
        return f"it reaches the API through {gateway}, which can't be reached"
    if f"{found.tailnet_address}:{view.cluster.api_port}" in found.listeners:
        return ""
    return f"it reaches the API through {gateway}, where nginx ({found.units.get('nginx', 'absent')}) does not forward calls"


def _cut_off(view: View, host: HostMeasured, why: str) -> Deviation:
    gateway = view.cluster.gateway.name
    return deviation(
        (host.name, gateway),
        "its node is not ready",
        why,
        f"on {gateway}: nginx -t; systemctl restart nginx; {DEPLOY}",
        *(view.measured.host(gateway).evidence.get(name) for name in ("listeners", "units")),
        where=host.name,
        caused_by=(gateway,),
    )


def _down(host: HostMeasured, node: Node | None, stopped: list[str]) -> Deviation:
    state = "absent from the cluster" if node is None else "ready, but will not stay so" if node.ready else "not ready"
    reason = "it never joined, or was removed" if node is None else node.reason
    return deviation(
        host.name,
        f"its node is {state}",
        f"{' and '.join(stopped)} {'has' if len(stopped) == 1 else 'have'} stopped"
        if stopped
        else reason or "kubelet does not report",
        f"on {host.name}: systemctl start {' '.join(stopped)}"
        if stopped
        else f"on {host.name}: journalctl -u kubelet -n 50",
        host.evidence.get("units"),
        host.evidence.get("kubelet-log"),
    )


@check("node-address", depends_on=(*NODE, "node-not-ready"))
def address(view: View) -> Iterator[Deviation]:
    """Kubernetes knows the node by another address than its tailnet address."""
    for node in _nodes(view):
        host = view.measured.host(node.name)
        if host.tailnet_address and node.addresses and host.tailnet_address not in node.addresses:
            yield deviation(
                node.name,
                f"Kubernetes knows it by {', '.join(node.addresses)}, its tailnet address is {host.tailnet_address}",
                "kubelet's node-ip is another address, or the host was registered in headscale again and got another address",
                f"{DEPLOY}; kubelet's arguments, on {node.name}: cat /var/lib/kubelet/kubeadm-flags.env",
                host.evidence.get("addresses"),
            )


@check("version-skew", explains=("node-not-ready",))
def skew(view: View) -> Iterator[Deviation]:
    """kubelet's version does not go with the API's, or is not the declared one."""
    nodes = {node.name: node for node in _nodes(view)}
    api = next((nodes[host.name].version for host in view.cluster.control_planes if host.name in nodes), "")
    declared = view.cluster.kubernetes_version
    for node in nodes.values():
        behind = _minor(api) - _minor(node.version)
        if _parts(node.version) > _parts(api) or behind > OLDEST_KUBELET:
            yield deviation(
                node.name,
                f"kubelet {node.version} with a control plane of {api}",
                "a kubelet may not be newer than the API, nor more than three minor versions older",
                "upgrade the control plane first, then this node",
                view.measured.host(node.name).evidence.get("versions"),
            )
        elif node.version != declared:
            yield deviation(
                node.name,
                f"kubelet {node.version}, the inventory declares {declared}",
                "an upgrade is in progress, or has stopped half-way; the versions are compatible",
                DEPLOY,
                view.measured.host(node.name).evidence.get("versions"),
                severity="warning",
            )


@check(
    "kube-proxy-rules",
    depends_on=(*NODE, "node-not-ready", *IMAGES),
    explains=("coredns-upstream", "service-ip", "dns-pod"),
)
def service_rules(view: View) -> Iterator[Deviation]:
    """The node has no rules that lead from services' addresses to their pods."""
    for host in view.nodes():
        if host.service_rules == 0 and host.node is not None:
            yield deviation(
                host.name,
                "no rule leads from a service's address to its pods",
                "kube-proxy does not run there, or somebody has flushed the nat table",
                f"kubectl -n kube-system delete pod -l k8s-app=kube-proxy --field-selector spec.nodeName={host.name}; the new pod writes them again",
                host.evidence.get("services"),
            )


def _nodes(view: View) -> Iterator[Node]:
    names = {host.name for host in view.measured.hosts}
    yield from (node for node in ((view.measured.api and view.measured.api.nodes) or ()) if node.name in names)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-")[0].split(".") if part.isdigit())


def _minor(version: str) -> int:
    return (*_parts(version), 0, 0)[1]
