"""The rotation of all tailnet keys, and the end of all pre-auth keys."""

from __future__ import annotations

from cluster.documents.routes import TAG
from cluster.model import Cluster, Host
from engine.barrier import every_host_is_ready
from engine.phase import phase
from operations import headscale, tailscale
from phases.tailnet import preferences, routes_of_peers


@phase("Rotate keys")
def rotate_keys(cluster: Cluster, host: Host) -> None:
    """Rotate the tailnet key of one host after the other, so that the paths between all others stay; then expire all pre-auth keys."""
    tailscale.rotate_key(
        name="Rotate the host's tailnet key",
        coordinator=cluster.coordinator.name,
        login_server=cluster.server_url,
        tag=TAG,
        preferences=preferences(cluster, host),
        peers=lambda: routes_of_peers(cluster, host),
        _serial=True,
    )
    every_host_is_ready(name="every host has a new key")
    if host.is_coordinator:
        headscale.expire_keys(name="Expire the tailnet's join keys")
