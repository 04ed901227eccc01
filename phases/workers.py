"""The workers: kubeadm join on all at once; then the labels and taints of all nodes."""

from __future__ import annotations

from cluster.model import Cluster, Host
from cluster.observed.nodes import settings
from engine.barrier import every_host_is_ready
from engine.phase import phase
from operations import kubeadm, nodes, pods, systemd
from operations.host_names import tailnet_names
from phases.control_plane import first_control_plane, join_document


@phase("Workers")
def join_workers(cluster: Cluster, host: Host) -> None:
    """Join every worker to the cluster, and set the declared labels and taints of all nodes."""
    first = first_control_plane()
    if host.is_node and not host.is_control_plane:
        kubeadm.join(
            name="Run kubeadm join",
            first=first.name,
            endpoint=cluster.api_endpoint_name,
            document=lambda credentials: join_document(cluster, host, credentials),
            node=host.name,
        )
        systemd.service(name="Start kubelet at boot", unit="kubelet.service")
    if host.is_node:
        pods.kube_proxy_endpoint(
            name="Point kube-proxy at the API's name",
            api=cluster.api_endpoint_name,
            address=lambda: _api_address(cluster, host),
        )
    every_host_is_ready(name="every node has joined")
    if host == first:
        kubeadm.delete_tokens(
            name="Delete the join tokens", first=host.name, members=[node.name for node in cluster.nodes]
        )
        nodes.label_and_taint(name="Label and taint the nodes", wanted=[settings(node) for node in cluster.nodes])


def _api_address(cluster: Cluster, host: Host) -> str | None:
    entries = tailnet_names(cluster, host) or {}
    return next((address for address, names in entries.items() if cluster.api_endpoint_name in names), None)
