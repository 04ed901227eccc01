"""Delay and loss between sites and the internet: the wires that are switched on."""

from __future__ import annotations

import sys

from .commands import ip, run
from .failures import LabError
from .journal import Run
from .network import FAR, NEAR
from .plan import SitePlan, WorldPlan
from .rules import WAN


def switch_on(place: Run, world: WorldPlan, site: SitePlan, delay_ms: float, loss_percent: float) -> None:
    """Frames between that site and the internet take that time, and some are lost."""
    switch_off(place, site)
    offloads(world, site, whole=not loss_percent)
    ip(site.wire, [f"link set {FAR} nomaster", f"link set {NEAR} nomaster"])
    command = [sys.executable, "-m", "lab.wire", FAR, NEAR, str(delay_ms), str(loss_percent)]
    process = place.start(f"wire-{site.name}", command, site.wire, heard=True)
    if not process.stdout or process.stdout.readline() != "ready\n":
        log = place.folder / f"wire-{site.name}.log"
        raise LabError(f"site {site.name}", "its wire does not work", log.read_text().strip()[-500:], f"see {log}")


def switch_off(place: Run, site: SitePlan) -> None:
    """Frames pass at once."""
    place.stop(f"wire-{site.name}")
    ip(site.wire, [f"link set {FAR} master through", f"link set {NEAR} master through"])


def declared(place: Run, world: WorldPlan) -> None:
    """Each site's wire as the site's data say."""
    for site in world.sites:
        if site.site.delay_ms or site.site.loss_percent:
            switch_on(place, world, site, site.site.delay_ms, site.site.loss_percent)


def none(place: Run, world: WorldPlan) -> None:
    """No delay and no loss anywhere."""
    for site in world.sites:
        switch_off(place, site)


def offloads(world: WorldPlan, site: SitePlan, whole: bool) -> None:
    """Whether frames cross the wire before they are cut into segments. To lose single segments they must be cut first.

    UDP's are cut in any case: older kernels can't hand them to a packet socket.
    """
    state = "on" if whole else "off"
    for namespace, name in ((site.router, WAN), (site.wire, NEAR), (site.wire, FAR), (world.core, site.core_port)):
        features = ["tso", state, "gso", state, "tx", state, "tx-udp-segmentation", "off"]
        run(["ip", "netns", "exec", namespace, "ethtool", "-K", name, *features])
