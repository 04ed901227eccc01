"""The Kubernetes API: begun on the first control plane, joined by the others."""

from __future__ import annotations

from ipaddress import IPv4Address

from cluster.documents import kubeadm as documents
from cluster.model import Cluster, Host
from cluster.observed.kubeadm_state import ownership_rank
from engine import remote
from engine.barrier import every_host_is_ready
from engine.inventory import cluster, here
from engine.phase import phase
from facts.kubernetes import Membership, Nodes
from facts.tailscale import Status
from operations import certificates, files, kubeadm, kubeadm_script, systemd
from operations.install_plan import kubelet_settings_of

OWNED = files.Owned(node=("/etc/kubernetes", "/var/lib/kubelet/*", "/var/lib/etcd/*", kubeadm_script.FOLDER))


@phase("Control plane")
def run_api() -> None:
    """Have every control plane run the API."""
    whole, this = cluster(), here()
    first = first_control_plane()
    if this == first:
        kubeadm.init(name="Run kubeadm init", document=lambda token: init_document(whole, this, token), node=this.name)
    every_host_is_ready(name="the API answers")
    if not this.is_control_plane:
        return
    if this != first:
        kubeadm.join(
            name="Run kubeadm join as a control plane",
            first=first.name,
            endpoint=whole.api_endpoint_name,
            document=lambda admission: join_document(whole, this, admission),
            node=this.name,
            certificates=lambda known, key: _phase(whole, first, known, key=key),
            # etcd takes one new member at a time.
            _serial=True,
        )
    certificates.api_sans(
        name="Set the SANs of the API's certificate",
        names=lambda: _names(whole, this),
        document=lambda known, folder: _phase(whole, this, known, folder=folder),
        port=whole.api_port,
        _serial=True,
    )
    systemd.service(name="Start kubelet at boot", unit="kubelet.service")


def first_control_plane() -> Host:
    """The control plane that all others join by: one that has the cluster already, else the first that is declared begins it.

    Where the first one was removed and comes back, it joins the others: it must not begin a second cluster.
    """
    planes = cluster().control_planes
    if len(planes) == 1:
        return planes[0]
    return max(planes, key=lambda plane: ownership_rank(remote.fact(plane.name, Membership), _is_known(plane.name)))


def _is_known(name: str) -> bool:
    return name in {node.name for node in remote.fact(name, Nodes) or ()}


def join_document(whole: Cluster, this: Host, admission: documents.JoinCredentials) -> str | None:
    """kubeadm's file to join with, or None while the host has no tailnet address."""
    address = tailnet_address(this.name)
    return documents.join(whole, this, address, kubelet_settings_of(this.name), admission) if address else None


def tailnet_address(name: str) -> str | None:
    """The IPv4 address that the host of that name has in the tailnet."""
    status = remote.fact(name, Status)
    found = [address for address in (status.addresses if status else ()) if ":" not in address]
    return str(IPv4Address(found[0])) if found else None


def _addresses(whole: Cluster) -> dict[str, str] | None:
    found = {member.name: tailnet_address(member.name) for member in whole.control_planes}
    known = {name: address for name, address in found.items() if address}
    return known if len(known) == len(found) else None


def init_document(whole: Cluster, this: Host, token: str) -> str | None:
    """kubeadm's file to begin the cluster with, or None while a control plane has no tailnet address."""
    addresses = _addresses(whole)
    if addresses is None:
        return None
    return documents.init(
        whole, this, addresses, {node.name: kubelet_settings_of(node.name) for node in whole.nodes}, token
    )


def _phase(whole: Cluster, at: Host, known: str, key: str = "", folder: str = "") -> str | None:
    addresses = _addresses(whole)
    return documents.phase(whole, at, addresses, known, key, folder) if addresses else None


def _names(whole: Cluster, this: Host) -> list[str] | None:
    address = tailnet_address(this.name)
    return documents.api_names(whole, [this], {this.name: address}) if address else None
