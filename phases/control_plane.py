"""The control planes: kubeadm init on the first one, kubeadm join on the others."""

from __future__ import annotations

from ipaddress import IPv4Address

from cluster.documents import kubeadm as documents
from cluster.model import Cluster, Host
from cluster.observed.kubeadm_state import ownership_rank
from engine import remote
from engine.barrier import every_host_is_ready
from engine.inventory import current_cluster
from engine.phase import phase
from facts.kubernetes import KUBECTL_CACHE, Membership, Nodes
from facts.tailscale import Status
from operations import certificates, files, kubeadm, kubeadm_script, systemd
from operations.install_plan import kubelet_settings_of

OWNED = files.Owned(
    node=("/etc/kubernetes", "/var/lib/kubelet/*", "/var/lib/etcd/*", kubeadm_script.FOLDER, KUBECTL_CACHE)
)


@phase("Control plane")
def run_api(cluster: Cluster, host: Host) -> None:
    """Run the API on every control plane."""
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
            document=lambda credentials: join_document(cluster, host, credentials),
            node=host.name,
            certificates=lambda configuration, key: _phase(cluster, first, configuration, key=key),
            # etcd accepts one new member at a time.
            _serial=True,
        )
    certificates.api_sans(
        name="Set the SANs of the API's certificate",
        names=lambda: _sans(cluster, host),
        document=lambda configuration, folder: _phase(cluster, host, configuration, folder=folder),
        port=cluster.api_port,
        _serial=True,
    )
    systemd.service(name="Start kubelet at boot", unit="kubelet.service")


def first_control_plane() -> Host:
    """The control plane that runs `kubeadm init`, and with which all others join: one that runs the cluster already, else the first declared one.

    If the first declared one was removed and comes back, it joins the others: a second `kubeadm init` would make a second cluster.
    """
    planes = current_cluster().control_planes
    if len(planes) == 1:
        return planes[0]
    return max(planes, key=lambda plane: ownership_rank(remote.fact(plane.name, Membership), _has_node(plane.name)))


def _has_node(name: str) -> bool:
    return name in {node.name for node in remote.fact(name, Nodes) or ()}


def join_document(cluster: Cluster, host: Host, credentials: documents.JoinCredentials) -> str | None:
    """kubeadm's file for `kubeadm join`; None if the host has no tailnet address yet."""
    address = tailnet_address(host.name)
    return documents.join(cluster, host, address, kubelet_settings_of(host.name), credentials) if address else None


def tailnet_address(name: str) -> str | None:
    """The tailnet IPv4 address of a host by its name; None if it has none, or tailscale's state could not be read."""
    status = remote.fact(name, Status)
    found = [address for address in (status.addresses if status else ()) if ":" not in address]
    return str(IPv4Address(found[0])) if found else None


def _addresses(cluster: Cluster) -> dict[str, str] | None:
    found = {member.name: tailnet_address(member.name) for member in cluster.control_planes}
    known = {name: address for name, address in found.items() if address}
    return known if len(known) == len(found) else None


def init_document(cluster: Cluster, host: Host, token: str) -> str | None:
    """kubeadm's file for `kubeadm init`; None if a control plane has no tailnet address yet."""
    addresses = _addresses(cluster)
    if addresses is None:
        return None
    return documents.init(
        cluster, host, addresses, {node.name: kubelet_settings_of(node.name) for node in cluster.nodes}, token
    )


def _phase(cluster: Cluster, host: Host, configuration: str, key: str = "", folder: str = "") -> str | None:
    addresses = _addresses(cluster)
    return documents.phase(cluster, host, addresses, configuration, key, folder) if addresses else None


def _sans(cluster: Cluster, host: Host) -> list[str] | None:
    address = tailnet_address(host.name)
    return documents.api_names(cluster, [host], {host.name: address}) if address else None
