"""Every host in the tailnet, answering at its LAN address too, and seeing all the others."""

from __future__ import annotations

from ipaddress import IPv4Network

from cluster import routes, sources
from cluster.model import Cluster, Host
from operations import apt, files, headscale, network, packages, systemd, tailscale
from phases import phase
from phases.decided import granted
from phases.declared import cluster, here
from phases.naming import tailnet_names
from phases.templates import render
from phases.trust import trust

DEFAULTS = "/etc/default/tailscaled"


@phase("Tailnet")
def join_hosts() -> None:
    """Install tailscale, join, and wait until everybody sees everybody."""
    whole, this = cluster(), here()
    settings = files.write(name="Write tailscale's settings", files=_settings(this))
    install(whole, this)
    systemd.service(name="Start tailscaled", unit="tailscaled.service", reads=[DEFAULTS], restarted_by=[settings])
    headscale.reachable(name="Wait for headscale", login_server=whole.server_url)
    tailscale.joined(
        name="Join the tailnet",
        coordinator=whole.coordinator.name,
        login_server=whole.server_url,
        tag=routes.TAG,
        preferences=preferences(whole, this),
    )
    tailscale.preferred(name="Set tailscale's preferences", preferences=preferences(whole, this))
    if this.is_coordinator:
        headscale.routes_approved(name="Approve the routes", wanted=_offers(whole))
    network.hosts_block(
        name="Name all hosts",
        entries=lambda: tailnet_names(whole, this, all_of_them=True),
        after=lambda: tailnet_names(whole, this),
    )
    tailscale.sees(
        name="Wait until the others are online",
        peers=lambda: {name: offered for name, offered in _offers(whole).items() if name != this.name},
    )


def preferences(whole: Cluster, this: Host) -> tailscale.Preferences:
    """The client's preferences; routes of pods are the pod network's business, and stay while it routes by the tailnet."""
    keep = whole.pod_cidr if whole.pod_network == "routed" and this.is_node else None
    return tailscale.Preferences(this.name, tuple(routes.advertised(whole, this)), keep)


def _settings(this: Host) -> list[files.File]:
    # Behind a one-to-one translation the port stays the same; elsewhere STUN knows better.
    endpoint = str(this.public_address) if this.site.nat == "one_to_one" and this.public_address else ""
    return [
        files.File(DEFAULTS, render("tailnet/tailscaled.default.j2", endpoint=endpoint)),
        files.File("/etc/cloud/cloud.cfg.d/99-isthmus.cfg", render("tailnet/cloud-init.cfg")),
    ]


def install(whole: Cluster, this: Host, is_upgrade: bool = False) -> None:
    """Install tailscale from where the site gets it; `is_upgrade`: in place of another version."""
    found = granted()
    source = sources.tailscale(this.site, trust(), found.distribution, found.codename)
    version = whole.tailscale_version
    if this.site.mirrors.tailscale == "push":
        packages.pushed(
            name="Send and install tailscale",
            package="tailscale",
            version=version,
            source=source,
            architecture=found.architecture,
            ca=trust().ca,
            is_upgrade=is_upgrade,
        )
        return
    apt.signing_key(
        name="Keep tailscale's signing key", path=source.keyring, url=source.key_url, fingerprint=source.fingerprint
    )
    files.write(
        name="Name tailscale's repository", files=[files.File(source.list_path, source.line(found.architecture))]
    )
    wanted = [apt.Wanted("tailscale", version)]
    if is_upgrade:
        apt.upgraded(name=f"Upgrade tailscale on {this.name}", wanted=wanted)
    else:
        apt.packages(name="Install tailscale", wanted=wanted)


def _offers(whole: Cluster) -> dict[str, tuple[IPv4Network, ...]]:
    return {member.name: tuple(routes.advertised(whole, member)) for member in whole.hosts}
