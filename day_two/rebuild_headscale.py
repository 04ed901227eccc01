"""The replacement of headscale's database: over SSH, which needs no tailnet, and without a change of addresses."""

from __future__ import annotations

from cluster.documents.routes import TAG
from cluster.model import Cluster, Host
from cluster.observed.headscale import node_of
from engine import remote
from engine.barrier import every_host_is_ready
from engine.phase import phase
from facts.headscale import Nodes
from operations import headscale, headscale_rebuild, tailscale
from phases import pod_network, tailnet
from phases.control_plane import tailnet_address
from phases.tailnet import preferences


@phase("Replace headscale's database")
def wipe_database(cluster: Cluster, host: Host) -> None:
    """Save every host's tailnet address, then replace headscale's database by an empty one; headscale's keys stay."""
    if host.is_coordinator:
        headscale_rebuild.wipe(name="Replace headscale's database", addresses=lambda: _addresses(cluster))


@phase("Log in again")
def log_in(cluster: Cluster, host: Host) -> None:
    """Log all hosts in at once, restore their addresses, and wait until every host sees all others."""
    headscale.wait_reachable(name="Wait for headscale", login_server=cluster.server_url)
    tailscale.join(
        name="Join the tailnet",
        coordinator=cluster.coordinator.name,
        login_server=cluster.server_url,
        tag=TAG,
        preferences=preferences(cluster, host),
        after=tuple,
    )
    every_host_is_ready(name="every host has joined")
    if host.is_coordinator:
        headscale_rebuild.restore_addresses(name="Restore the machines' addresses")
    every_host_is_ready(name="the addresses are restored")
    headscale_rebuild.wait_for_address(name="Wait for the host's tailnet address", coordinator=cluster.coordinator.name)
    tailnet.wait_for_peers(cluster, host)
    pod_network.wait_for_routes(cluster, host)


def _addresses(cluster: Cluster) -> dict[str, str | None]:
    """Host name → its tailnet address from the host itself, else from headscale, whose database may be broken; None if unknown."""
    nodes = remote.fact(cluster.coordinator.name, Nodes) or ()
    known = {member.name: node_of(nodes, member.name) for member in cluster.hosts}
    return {name: tailnet_address(name) or (node.addresses[0] if node else None) for name, node in known.items()}
