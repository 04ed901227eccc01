"""New keys for old ones: of the machines in the tailnet, and of those that might join."""

from __future__ import annotations

from cluster.documents.routes import TAG
from engine.barrier import every_host_is_ready
from engine.inventory import cluster, here
from engine.phase import phase
from operations import headscale, tailscale
from phases.tailnet import preferences, routes_of_peers


@phase("Rotate keys")
def rotate_keys() -> None:
    """Give one host after the other a new key, so that all but its own paths stay; then take back what would let others in."""
    whole, this = cluster(), here()
    tailscale.rotate_key(
        name="Rotate the host's tailnet key",
        coordinator=whole.coordinator.name,
        login_server=whole.server_url,
        tag=TAG,
        preferences=preferences(whole, this),
        peers=lambda: routes_of_peers(whole, this),
        _serial=True,
    )
    every_host_is_ready(name="every host has a new key")
    if this.is_coordinator:
        headscale.expire_keys(name="Expire the tailnet's join keys")
