"""Faults of a site: its router and its wire."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from lab import mirror
from lab.commands import inside, ip, nft
from lab.faults import filters
from lab.faults.context import Scene
from lab.world import links
from lab.world.rules import WAN, Chains, table

ETHERNET = 1500
MORE_MS, MORE_LOSS = 200.0, 5.0


def put_filter(scene: Scene, chains: Chains) -> None:
    """The site's router does that, until `lift_filter`."""
    nft(scene.site.router, table(scene.table, chains))


def lift_filter(scene: Scene) -> None:
    """It no longer does."""
    remove_table(scene.site.router, scene.table)


def remove_table(namespace: str, name: str) -> None:
    """That table is gone, also if it was not there."""
    inside(namespace, ["nft", "delete", "table", "ip", name], check=False)


def forget_udp(scene: Scene) -> None:
    """What the router knows of UDP flows: else they keep the translation that they have."""
    inside(scene.site.router, ["conntrack", "-D", "-p", "udp"], check=False)


def block_udp(scene: Scene) -> None:
    """As in networks that let only names and TCP through."""
    put_filter(scene, filters.forwarded(*filters.ALL_UDP))


def block_tailnet(scene: Scene) -> None:
    """Neither a direct path nor the relay."""
    put_filter(scene, filters.forwarded(*filters.ALL_UDP, to_coordinator(scene)))


def block_coordinator(scene: Scene) -> None:
    """As a company's firewall does that knows the name."""
    put_filter(scene, filters.forwarded(to_coordinator(scene)))


def to_coordinator(scene: Scene) -> str:
    """What goes to the address that headscale and the relay are called at is dropped."""
    cluster = scene.world.cluster
    return filters.to_service(scene.world.records[cluster.coordination_name], cluster.coordination_port)


def harden_nat(scene: Scene) -> None:
    """What one destination learns of a host's port is of no use to another, so no hole can be punched."""
    if scene.site.site.nat == "none":
        raise scene.refused(f"is not possible in site {scene.site.name}", "it translates no addresses")
    put_filter(scene, filters.port_by_destination(scene.site))
    forget_udp(scene)


def soften_nat(scene: Scene) -> None:
    """The router translates as before."""
    lift_filter(scene)
    forget_udp(scene)


def shrink_mtu(scene: Scene) -> None:
    """Both ends of the path refuse what is longer, and nobody is told."""
    put_filter(scene, filters.silent_about_size())
    nft(scene.world.core, table(core_table(scene), {"sent": (filters.SENT, iter([filters.TOO_BIG]))}))
    set_mtu(scene, filters.SMALL_MTU)


def restore_mtu(scene: Scene) -> None:
    """Ethernet's."""
    set_mtu(scene, ETHERNET)
    lift_filter(scene)
    remove_table(scene.world.core, core_table(scene))


def set_mtu(scene: Scene, mtu: int) -> None:
    """Of what the router and the internet send on the path between them."""
    ip(scene.site.router, [f"link set {WAN} mtu {mtu}"])
    ip(scene.world.core, [f"link set {scene.site.core_port} mtu {mtu}"])


def core_table(scene: Scene) -> str:
    """A table in the internet's core: several sites may have the fault."""
    return f"{scene.table}_{scene.site.core_port}"


def block_mirrors(scene: Scene) -> None:
    """All names that packages, files and images come from."""
    drop_names(scene, scene.world.names.values())


def block_registries(scene: Scene) -> None:
    """Only those that images come from."""
    drop_names(scene, (scene.world.names[name] for name in mirror.names.registries() if name in scene.world.names))


def drop_names(scene: Scene, addresses: Iterable[IPv4Address]) -> None:
    """They time out."""
    put_filter(scene, filters.forwarded(filters.to_addresses(addresses)))


def silence_names(scene: Scene) -> None:
    """The site's router drops the host's questions."""
    put_filter(scene, filters.forwarded(filters.names_of(scene.host)))


def slow_down(scene: Scene) -> None:
    """The wire takes longer."""
    links.burden(scene.place, scene.world, scene.site, scene.name, MORE_MS, 0.0)


def lose_frames(scene: Scene) -> None:
    """The wire loses frames."""
    links.burden(scene.place, scene.world, scene.site, scene.name, 0.0, MORE_LOSS)


def relieve(scene: Scene) -> None:
    """The wire is as it was."""
    links.relieve(scene.place, scene.world, scene.site, scene.name)
