"""The Kubernetes API: begun on the first control plane, joined by the others."""

from __future__ import annotations

from ipaddress import IPv4Address

from cluster.documents import kubeadm as documents
from cluster.model import Cluster, Host
from cluster.observed.kubeadm_state import ownership_rank
from engine import remote
from engine.barrier import every_host_is_ready
from engine.inventory import current_cluster
from engine.phase import phase
from facts.kubernetes import Membership, Nodes
from facts.tailscale import Status
from operations import certificates, files, kubeadm, kubeadm_script, systemd
from operations.install_plan import kubelet_settings_of

OWNED = files.Owned(node=("/etc/kubernetes", "/var/lib/kubelet/*", "/var/lib/etcd/*", kubeadm_script.FOLDER))


@phase("Control plane")
def run_api(cluster: Cluster, host: Host) -> None:
    """Have every control plane run the API."""
    first = first_control_plane()
    if host == first:
        kubeadm.init(
            name="Run kubeadm init", document=lambda token: init_document(cluster, host, token), node=host.name
        )
    every_host_is_ready(name="the API answers")
    if not host.is_control_plane:
        return
    if host != first:
        kubeadm.join(
            name="Run kubeadm join as a control plane",
            first=first.name,
            endpoint=cluster.api_endpoint_name,
            document=lambda admission: join_document(cluster, host, admission),
            node=host.name,
            certificates=lambda known, key: _phase(cluster, first, known, key=key),
            # etcd takes one new member at a time.
            _serial=True,
        )
    certificates.api_sans(
        name="Set the SANs of the API's certificate",
        names=lambda: _names(cluster, host),
        document=lambda known, folder: _phase(cluster, host, known, folder=folder),
        port=cluster.api_port,
        _serial=True,
    )
    systemd.service(name="Start kubelet at boot", unit="kubelet.service")


def first_control_plane() -> Host:
    """The control plane that all others join by: one that has the cluster already, else the first that is declared begins it.

    Where the first one was removed and comes back, it joins the others: it must not begin a second cluster.
    """
    planes = current_cluster().control_planes
    if len(planes) == 1:
        return planes[0]
    return max(planes, key=lambda plane: ownership_rank(remote.fact(plane.name, Membership), _is_known(plane.name)))


def _is_known(name: str) -> bool:
    return name in {node.name for node in remote.fact(name, Nodes) or ()}


def join_document(cluster: Cluster, host: Host, admission: documents.JoinCredentials) -> str | None:
    """kubeadm's file to join with, or None while the host has no tailnet address."""
    address = tailnet_address(host.name)
    return documents.join(cluster, host, address, kubelet_settings_of(host.name), admission) if address else None


def tailnet_address(name: str) -> str | None:
    """The IPv4 address that the host of that name has in the tailnet."""
    status = remote.fact(name, Status)
    found = [address for address in (status.addresses if status else ()) if ":" not in address]
    return str(IPv4Address(found[0])) if found else None


def _addresses(cluster: Cluster) -> dict[str, str] | None:
    found = {member.name: tailnet_address(member.name) for member in cluster.control_planes}
    known = {name: address for name, address in found.items() if address}
    return known if len(known) == len(found) else None


def init_document(cluster: Cluster, host: Host, token: str) -> str | None:
    """kubeadm's file to begin the cluster with, or None while a control plane has no tailnet address."""
    addresses = _addresses(cluster)
    if addresses is None:
        return None
    return documents.init(
        cluster, host, addresses, {node.name: kubelet_settings_of(node.name) for node in cluster.nodes}, token
    )


def _phase(cluster: Cluster, at: Host, known: str, key: str = "", folder: str = "") -> str | None:
    addresses = _addresses(cluster)
    return documents.phase(cluster, at, addresses, known, key, folder) if addresses else None


def _names(cluster: Cluster, host: Host) -> list[str] | None:
    address = tailnet_address(host.name)
    return documents.api_names(cluster, [host], {host.name: address}) if address else None
