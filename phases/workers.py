"""The other nodes, joined all at once; then every node labelled and tainted as declared."""

from __future__ import annotations

from cluster import nodes
from cluster.model import Cluster, Host
from operations import kubernetes, pods, systemd
from operations.barrier import every_host_is_ready
from phases import phase
from phases.control_plane import admitting, joining
from phases.declared import cluster, here
from phases.naming import tailnet_names
from phases.scheduling import is_speaker


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


@phase("Join tokens")
def take_tokens_back() -> None:
    """Take back every join token, whoever made it: the deploy makes one when it needs it, for as long as it needs it."""
    if is_speaker():
        kubernetes.tokens_removed(name="Take all join tokens back", first=here().name, mark="")
