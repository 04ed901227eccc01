"""The tailnet: every host joins it, advertises its LAN address, and sees all other hosts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Network

from cluster import ports
from cluster.documents import api_endpoint, hosts_file, routes
from cluster.documents.tailscale import Preferences
from cluster.model import Cluster, Host
from cluster.model.types import DEFAULT_TAILNET_MTU
from engine.inventory import active_hosts
from engine.phase import phase
from engine.templates import render
from operations import files, headscale, network, systemd, tailnet_peers, tailscale
from operations.host_names import names_so_far, tailnet_names
from operations.systemd import will_have_changed
from phases import coordination

DEFAULTS = "/etc/default/tailscaled"
DROP_IN = "/etc/systemd/system/tailscaled.service.d/20-isthmus.conf"
CLOUD_INIT = "/etc/cloud/cloud.cfg.d/99-isthmus.cfg"
NAMES_SCRIPT = "/usr/local/lib/isthmus/restore-names"
NAMES_UNIT = "isthmus-names.service"
NAMES_UNIT_PATH = f"/etc/systemd/system/{NAMES_UNIT}"
OWNED = files.Owned(
    machine=(
        DEFAULTS,
        DROP_IN,
        CLOUD_INIT,
        NAMES_SCRIPT,
        network.BLOCK_COPY,
        NAMES_UNIT_PATH,
        "/var/lib/tailscale",
        "/var/cache/tailscale",
    )
)


@phase("Tailnet")
def join_hosts(cluster: Cluster, host: Host, after: Callable[[], Collection[str] | None] = lambda: None) -> None:
    """Join the tailnet, and wait until every host sees all others. `after`: as for `tailscale.join`."""
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
    # A login sets all preferences, so nothing is left to set after it.
    tailscale.set_prefs(
        name="Set tailscale's preferences", preferences=wanted, after=wanted if will_have_changed([joined]) else None
    )
    if host.is_coordinator:
        headscale.approve_routes(name="Approve the routes", wanted=routes_of_hosts(cluster))
    # This precedes the hosts' names: the API's name may lead to the gateway only if nginx answers there.
    if host.is_gateway and api_endpoint.is_forwarded(cluster):
        coordination.forward_api(cluster)
    unit = files.write(name="Write the unit that keeps the names", files=_keeper(host), then="systemctl daemon-reload")
    network.hosts_block(
        name="Write all hosts' names",
        entries=lambda: tailnet_names(cluster, host, is_complete=True),
        after=lambda: names_so_far(cluster, host),
    )
    systemd.service(
        name="Keep the names at boot", unit=NAMES_UNIT, reads=[NAMES_SCRIPT, NAMES_UNIT_PATH], restarted_by=[unit]
    )
    if host.is_gateway and not api_endpoint.is_forwarded(cluster):
        coordination.stop_forwarding_api()
    wait_for_peers(cluster, host)
    tailnet_peers.wait_for_paths(
        name="Wait until the paths are up",
        addresses=lambda: lan_addresses_of_peers(cluster, host),
        after=[started, joined],
    )


def wait_for_peers(cluster: Cluster, host: Host) -> None:
    """Wait until every other host is online, and every LAN route is served."""
    tailnet_peers.wait_for_peers(
        name="Wait until the others are online",
        peers=lambda: routes_of_peers(cluster, host),
        coordinator=cluster.coordinator.name,
        own=lambda: routes_of_hosts(cluster)[host.name],
    )


def lan_addresses_of_peers(cluster: Cluster, host: Host) -> list[str]:
    """The LAN addresses at which the other hosts of this run are reached, as far as they are unambiguous."""
    addresses = cluster.advertised_lan_addresses
    return [str(address) for name, address in addresses.items() if name != host.name and name in active_hosts()]


def preferences(cluster: Cluster, host: Host) -> Preferences:
    """The client's preferences. Routes of pods stay: phases/pod_network.py advertises and withdraws them."""
    keep = cluster.pod_cidr if host.is_node else None
    return Preferences(host.name, tuple(routes.advertised(cluster, host)), keep)


def _settings(cluster: Cluster, host: Host) -> list[files.File]:
    # Behind a one-to-one translation the port stays the same; elsewhere STUN knows better.
    is_translated = host.site.nat == "one_to_one" and host.public_address
    endpoint = f"{host.public_address}:{ports.WIREGUARD}" if is_translated else ""
    mtu = "" if cluster.tailnet_mtu == DEFAULT_TAILNET_MTU else cluster.tailnet_mtu
    return [
        files.File(DEFAULTS, render("tailnet/tailscaled.default.j2", port=ports.WIREGUARD, endpoint=endpoint, mtu=mtu)),
        files.File(DROP_IN, render("tailnet/tailscaled-keeps.conf")),
        files.File(CLOUD_INIT, render("tailnet/cloud-init.cfg")),
    ]


def _keeper(host: Host) -> list[files.File]:
    names = {"name": host.name, "copy": network.BLOCK_COPY, "begin": hosts_file.BEGIN, "no_break": hosts_file.NO_BREAK}
    return [
        files.File(NAMES_SCRIPT, render("tailnet/restore-names.sh.j2", **names), "755"),
        files.File(NAMES_UNIT_PATH, render("tailnet/isthmus-names.service")),
    ]


def routes_of_peers(cluster: Cluster, host: Host) -> dict[str, tuple[IPv4Network, ...]]:
    """Name of every other host → its advertised routes, without those of pods."""
    return {name: networks for name, networks in routes_of_hosts(cluster).items() if name != host.name}


def routes_of_hosts(cluster: Cluster) -> dict[str, tuple[IPv4Network, ...]]:
    """Host name → its advertised routes, without those of pods."""
    return {member.name: tuple(routes.advertised(cluster, member)) for member in cluster.hosts}
