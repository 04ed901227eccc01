"""headscale's database made anew: over SSH, which needs no tailnet, and without a change of addresses."""

from __future__ import annotations

from cluster.documents.routes import TAG
from cluster.model import Cluster
from engine import remote
from engine.barrier import every_host_is_ready
from engine.inventory import cluster, here
from engine.phase import phase
from facts.headscale import Nodes, node_of
from operations import headscale, headscale_rebuild, tailscale
from phases import pod_network, tailnet
from phases.control_plane import tailnet_address
from phases.tailnet import preferences


@phase("Replace headscale's database")
def wipe_database() -> None:
    """Note every host's address, then have headscale forget everything but its keys."""
    whole, this = cluster(), here()
    if this.is_coordinator:
        headscale_rebuild.wipe(name="Replace headscale's database", addresses=lambda: _addresses(whole))


@phase("Log in again")
def log_in() -> None:
    """Have all hosts log in at once, with the addresses that they had, and wait until everybody sees everybody."""
    whole, this = cluster(), here()
    headscale.wait_reachable(name="Wait for headscale", login_server=whole.server_url)
    tailscale.join(
        name="Join the tailnet",
        coordinator=whole.coordinator.name,
        login_server=whole.server_url,
        tag=TAG,
        preferences=preferences(whole, this),
        after=tuple,
    )
    every_host_is_ready(name="every host has joined")
    if this.is_coordinator:
        headscale_rebuild.restore_addresses(name="Restore the machines' addresses")
    every_host_is_ready(name="the addresses are restored")
    headscale_rebuild.wait_for_address(name="Wait for the host's tailnet address", coordinator=whole.coordinator.name)
    tailnet.wait_for_peers(whole, this)
    pod_network.wait_for_routes(whole, this)


def _addresses(whole: Cluster) -> dict[str, str | None]:
    """Host → its address in the tailnet, as it knows it itself: headscale may be what is broken."""
    nodes = remote.fact(whole.coordinator.name, Nodes) or ()
    known = {member.name: node_of(nodes, member.name) for member in whole.hosts}
    return {name: tailnet_address(name) or (node.addresses[0] if node else None) for name, node in known.items()}
