"""The other nodes, joined all at once; then every node labelled and tainted as declared."""

from __future__ import annotations

from cluster.model import Cluster, Host
from cluster.observed import nodes
from engine.barrier import every_host_is_ready
from engine.inventory import cluster, here
from engine.phase import phase
from operations import kubernetes, pods, systemd
from operations.host_names import tailnet_names
from phases.control_plane import admitting, joining


@phase("Workers")
def join() -> None:
    """Have every worker be a node, and the API know of every node what is declared."""
    whole, this = cluster(), here()
    first = admitting()
    if this.is_node and not this.is_control_plane:
        kubernetes.joined(
            name="Join the cluster",
            first=first.name,
            endpoint=whole.api_endpoint_name,
            document=lambda admission: joining(whole, this, admission),
            node=this.name,
        )
        systemd.service(name="Start kubelet at boot", unit="kubelet.service")
    if this.is_node:
        pods.proxy_asks(
            name="Have kube-proxy find the API",
            api=whole.api_endpoint_name,
            address=lambda: _api_address(whole, this),
        )
    every_host_is_ready(name="every node has joined")
    if this == first:
        kubernetes.tokens_removed(
            name="Take the join tokens back", first=this.name, members=[node.name for node in whole.nodes]
        )
        kubernetes.nodes_settled(
            name="Label and taint the nodes", wanted=[nodes.settings(node) for node in whole.nodes]
        )


def _api_address(whole: Cluster, this: Host) -> str | None:
    entries = tailnet_names(whole, this) or {}
    return next((address for address, names in entries.items() if whole.api_endpoint_name in names), None)
