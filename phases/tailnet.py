"""Every host in the tailnet, answering at its LAN address too, and seeing all the others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Network

from cluster import defaults, ports
from cluster.documents import api_endpoint, routes
from cluster.model import Cluster, Host
from engine.phase import phase
from engine.templates import render
from operations import files, headscale, network, systemd, tailnet_peers, tailscale
from operations.host_names import names_so_far, tailnet_names
from operations.systemd import will_have_changed
from phases import coordination

DEFAULTS = "/etc/default/tailscaled"
DROP_IN = "/etc/systemd/system/tailscaled.service.d/20-isthmus.conf"
CLOUD_INIT = "/etc/cloud/cloud.cfg.d/99-isthmus.cfg"
OWNED = files.Owned(machine=(DEFAULTS, DROP_IN, CLOUD_INIT, "/var/lib/tailscale", "/var/cache/tailscale"))


@phase("Tailnet")
def join_hosts(cluster: Cluster, host: Host, after: Callable[[], Collection[str] | None] = lambda: None) -> None:
    """Join, and wait until everybody sees everybody. `after`: as `tailscale.joined` has it."""
    settings = files.write(name="Write tailscale's settings", files=_settings(cluster, host))
    started = systemd.service(
        name="Start tailscaled", unit="tailscaled.service", reads=[DEFAULTS, DROP_IN], restarted_by=[settings]
    )
    headscale.wait_reachable(name="Wait for headscale", login_server=cluster.server_url)
    tailscale.reconnect(
        name="Restart tailscaled if it is connected to an old address",
        server=cluster.coordination_name,
        port=cluster.coordination_port,
        after=[started],
    )
    joined = tailscale.join(
        name="Join the tailnet",
        coordinator=cluster.coordinator.name,
        login_server=cluster.server_url,
        tag=routes.TAG,
        preferences=preferences(cluster, host),
        after=after,
    )
    wanted = preferences(cluster, host)
    # Who logs in does so with all of them.
    tailscale.set_prefs(
        name="Set tailscale's preferences", preferences=wanted, after=wanted if will_have_changed([joined]) else None
    )
    if host.is_coordinator:
        headscale.approve_routes(name="Approve the routes", wanted=routes_of_hosts(cluster))
    # Every host's names come after it: the API's may lead to the gateway only when somebody answers there.
    if host.is_gateway and api_endpoint.is_forwarded(cluster):
        coordination.forward_api(cluster)
    network.hosts_block(
        name="Write all hosts' names",
        entries=lambda: tailnet_names(cluster, host, is_complete=True),
        after=lambda: names_so_far(cluster, host),
    )
    if host.is_gateway and not api_endpoint.is_forwarded(cluster):
        coordination.stop_forwarding_api()
    wait_for_peers(cluster, host)


def wait_for_peers(cluster: Cluster, host: Host) -> None:
    """Until every other host is online, and every LAN's route is served."""
    tailnet_peers.wait_for_peers(
        name="Wait until the others are online",
        peers=lambda: routes_of_peers(cluster, host),
        coordinator=cluster.coordinator.name,
        own=lambda: routes_of_hosts(cluster)[host.name],
    )


def preferences(cluster: Cluster, host: Host) -> tailscale.Preferences:
    """The client's preferences; routes of pods are the pod network's business, and stay until it says otherwise."""
    keep = cluster.pod_cidr if host.is_node else None
    return tailscale.Preferences(host.name, tuple(routes.advertised(cluster, host)), keep)


def _settings(cluster: Cluster, host: Host) -> list[files.File]:
    # Behind a one-to-one translation the port stays the same; elsewhere STUN knows better.
    is_translated = host.site.nat == "one_to_one" and host.public_address
    endpoint = f"{host.public_address}:{ports.WIREGUARD}" if is_translated else ""
    mtu = "" if cluster.tailnet_mtu == defaults.TAILNET_MTU else cluster.tailnet_mtu
    return [
        files.File(DEFAULTS, render("tailnet/tailscaled.default.j2", port=ports.WIREGUARD, endpoint=endpoint, mtu=mtu)),
        files.File(DROP_IN, render("tailnet/tailscaled-keeps.conf")),
        files.File(CLOUD_INIT, render("tailnet/cloud-init.cfg")),
    ]


def routes_of_peers(cluster: Cluster, host: Host) -> dict[str, tuple[IPv4Network, ...]]:
    """Each other host, and the routes that it offers whatever its pods."""
    return {name: offered for name, offered in routes_of_hosts(cluster).items() if name != host.name}


def routes_of_hosts(cluster: Cluster) -> dict[str, tuple[IPv4Network, ...]]:
    """Each host, and the routes that it offers whatever its pods."""
    return {member.name: tuple(routes.advertised(cluster, member)) for member in cluster.hosts}
