"""The Kubernetes API: begun on the first control plane, joined by the others."""

from __future__ import annotations

from ipaddress import IPv4Address

from cluster.documents import kubeadm
from cluster.model import Cluster, Host
from cluster.observed.kubeadm_state import hold
from engine import remote
from engine.barrier import every_host_is_ready
from engine.inventory import cluster, here
from engine.phase import phase
from facts.kubernetes import Membership, Nodes
from facts.tailscale import Status
from operations import certificates, kubernetes, systemd
from operations.install_plan import decision


@phase("Control plane")
def start() -> None:
    """Have every control plane run the API."""
    whole, this = cluster(), here()
    first = admitting()
    if this == first:
        kubernetes.begun(name="Begin the cluster", document=lambda token: beginning(whole, this, token), node=this.name)
    every_host_is_ready(name="the API answers")
    if not this.is_control_plane:
        return
    if this != first:
        kubernetes.joined(
            name="Join the control plane",
            first=first.name,
            endpoint=whole.api_endpoint_name,
            document=lambda admission: joining(whole, this, admission),
            node=this.name,
            certificates=lambda known, key: _phase(whole, first, known, key=key),
            # etcd takes one new member at a time.
            _serial=True,
        )
    certificates.named(
        name="Name the API in its certificate",
        names=lambda: _names(whole, this),
        document=lambda known, folder: _phase(whole, this, known, folder=folder),
        port=whole.api_port,
        _serial=True,
    )
    systemd.service(name="Start kubelet at boot", unit="kubelet.service")


def admitting() -> Host:
    """The control plane that all others join by: one that has the cluster already, else the first that is declared begins it.

    Where the first one was removed and comes back, it joins the others: it must not begin a second cluster.
    """
    planes = cluster().control_planes
    if len(planes) == 1:
        return planes[0]
    return max(planes, key=lambda plane: hold(remote.fact(plane.name, Membership), _is_known(plane.name)))


def _is_known(name: str) -> bool:
    return name in {node.name for node in remote.fact(name, Nodes) or ()}


def joining(whole: Cluster, this: Host, admission: kubeadm.Admission) -> str | None:
    """kubeadm's file to join with, or None while the host has no tailnet address."""
    address = tailnet_address(this.name)
    return kubeadm.join(whole, this, address, decision(this.name), admission) if address else None


def tailnet_address(name: str) -> str | None:
    """The IPv4 address that the host of that name has in the tailnet."""
    status = remote.fact(name, Status)
    found = [address for address in (status.addresses if status else ()) if ":" not in address]
    return str(IPv4Address(found[0])) if found else None


def _addresses(whole: Cluster) -> dict[str, str] | None:
    found = {member.name: tailnet_address(member.name) for member in whole.control_planes}
    known = {name: address for name, address in found.items() if address}
    return known if len(known) == len(found) else None


def beginning(whole: Cluster, this: Host, token: str) -> str | None:
    """kubeadm's file to begin the cluster with, or None while a control plane has no tailnet address."""
    addresses = _addresses(whole)
    if addresses is None:
        return None
    return kubeadm.init(whole, this, addresses, {node.name: decision(node.name) for node in whole.nodes}, token)


def _phase(whole: Cluster, at: Host, known: str, key: str = "", folder: str = "") -> str | None:
    addresses = _addresses(whole)
    return kubeadm.phase(whole, at, addresses, known, key, folder) if addresses else None


def _names(whole: Cluster, this: Host) -> list[str] | None:
    address = tailnet_address(this.name)
    return kubeadm.api_names(whole, [this], {this.name: address}) if address else None
