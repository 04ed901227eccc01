"""New keys for old ones: of the machines in the tailnet, and of those that might join."""

from __future__ import annotations

from cluster.documents.routes import TAG
from engine.barrier import every_host_is_ready
from engine.inventory import cluster, here
from engine.phase import phase
from operations import leaving, tailscale
from phases.tailnet import offered_by_others, preferences


@phase("Keys of the tailnet")
def rotate() -> None:
    """Give one host after the other a new key, so that all but its own paths stay; then take back what would let others in."""
    whole, this = cluster(), here()
    tailscale.rotated(
        name="Give the host a new key",
        coordinator=whole.coordinator.name,
        login_server=whole.server_url,
        tag=TAG,
        preferences=preferences(whole, this),
        peers=lambda: offered_by_others(whole, this),
        _serial=True,
    )
    every_host_is_ready(name="every host has a new key")
    if this.is_coordinator:
        leaving.keys_withdrawn(name="Take keys for joining back")
