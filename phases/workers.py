"""The other nodes, joined all at once; then every node labelled and tainted as declared."""

from __future__ import annotations

from cluster.model import Cluster, Host
from cluster.observed.nodes import settings
from engine.barrier import every_host_is_ready
from engine.inventory import cluster, here
from engine.phase import phase
from operations import kubeadm, nodes, pods, systemd
from operations.host_names import tailnet_names
from phases.control_plane import first_control_plane, join_document


@phase("Workers")
def join_workers() -> None:
    """Have every worker be a node, and the API know of every node what is declared."""
    whole, this = cluster(), here()
    first = first_control_plane()
    if this.is_node and not this.is_control_plane:
        kubeadm.join(
            name="Run kubeadm join",
            first=first.name,
            endpoint=whole.api_endpoint_name,
            document=lambda admission: join_document(whole, this, admission),
            node=this.name,
        )
        systemd.service(name="Start kubelet at boot", unit="kubelet.service")
    if this.is_node:
        pods.kube_proxy_endpoint(
            name="Point kube-proxy at the API's name",
            api=whole.api_endpoint_name,
            address=lambda: _api_address(whole, this),
        )
    every_host_is_ready(name="every node has joined")
    if this == first:
        kubeadm.delete_tokens(
            name="Delete the join tokens", first=this.name, members=[node.name for node in whole.nodes]
        )
        nodes.label_and_taint(name="Label and taint the nodes", wanted=[settings(node) for node in whole.nodes])


def _api_address(whole: Cluster, this: Host) -> str | None:
    entries = tailnet_names(whole, this) or {}
    return next((address for address, names in entries.items() if whole.api_endpoint_name in names), None)
