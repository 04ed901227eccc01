"""Named faults that can be undone. A new one is a pair of small functions and a line in FAULTS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from . import hosts, world
from .commands import inside, nft
from .failures import LabError
from .journal import Run
from .plan import HostPlan, SitePlan, WorldPlan

NAME_SERVICE = 53


@dataclass(frozen=True)
class Scene:
    """Where a fault happens; `host` or `site` is the target, whichever the fault has."""

    place: Run
    world: WorldPlan
    name: str
    given_host: HostPlan | None = None
    given_site: SitePlan | None = None

    @property
    def host(self) -> HostPlan:
        """The target of a fault of a host."""
        if self.given_host is None:
            raise LabError(f"fault {self.name}", "has no host", "it is caused on one host", f"break {self.name} HOST")
        return self.given_host

    @property
    def site(self) -> SitePlan:
        """The target of a fault of a site."""
        if self.given_site is None:
            raise LabError(f"fault {self.name}", "has no site", "it is caused in one site", f"break {self.name} SITE")
        return self.given_site

    @property
    def table(self) -> str:
        """An nftables table of this fault alone."""
        return f"fault_{self.name.replace('-', '_')}"


@dataclass(frozen=True)
class Fault:
    """What happens, and how it is undone. Both may be repeated."""

    text: str
    target: Literal["host", "site", ""]
    apply: Callable[[Scene], None]
    undo: Callable[[Scene], None]


def filter_forwarded(scene: Scene, *rules: str) -> None:
    """The site's router drops by these rules what it would forward."""
    lift_filter(scene)
    head = ["chain forward {", "type filter hook forward priority -10;"]
    nft(scene.site.router, "\n".join([f"table ip {scene.table} {{", *head, *rules, "}", "}", ""]))


def lift_filter(scene: Scene) -> None:
    """It no longer does."""
    inside(scene.site.router, ["nft", "delete", "table", "ip", scene.table], check=False)


def block_udp(scene: Scene) -> None:
    """As in networks that let only names and TCP through."""
    filter_forwarded(scene, f"meta l4proto udp udp dport != {NAME_SERVICE} udp sport != {NAME_SERVICE} drop")


def take_host(scene: Scene) -> None:
    """It stops without a word, and stays away."""
    world.power_off(scene.place, [scene.host])


def return_host(scene: Scene) -> None:
    """It boots from the same disk."""
    if not hosts.is_on(scene.place, scene.host):
        world.power_on(scene.place, scene.world, [scene.host])


FAULTS: dict[str, Fault] = {
    "udp-blocked": Fault("all UDP but name service is dropped at the site's router", "site", block_udp, lift_filter),
    "host-gone": Fault("the host is switched off and stays off", "host", take_host, return_host),
}


def scene_of(place: Run, name: str, target: str | None) -> Scene:
    """The fault's place in that lab; LabError where host or site is not there."""
    planned = world.of(place)
    if not target:
        return Scene(place, planned, name)
    if FAULTS[name].target == "host":
        return Scene(place, planned, name, given_host=planned.host(target))
    return Scene(place, planned, name, given_site=planned.site(target))


def cause(place: Run, name: str, target: str | None) -> None:
    """Break it, and remember that it is broken."""
    FAULTS[name].apply(scene_of(place, name, target))
    place.update(faults=[*others(place, name, target), [name, target]])


def heal(place: Run, name: str, target: str | None) -> None:
    """Undo it."""
    FAULTS[name].undo(scene_of(place, name, target))
    place.update(faults=others(place, name, target))


def others(place: Run, name: str, target: str | None) -> list[list[str | None]]:
    """The faults in force but this one."""
    return [fault for fault in place.state.get("faults", []) if fault != [name, target]]
