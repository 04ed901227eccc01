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


def settle(place: Run, world: WorldPlan, site: SitePlan) -> None:
    """That site's wire as the run's state says: the declared delay and loss unless they are off, and its burdens."""
    burdens = place.state.get("burdens", {}).get(site.name, {}).values()
    own = (site.site.delay_ms, site.site.loss_percent) if place.state.get("delay", True) else (0.0, 0.0)
    delay, loss = (sum(parts) for parts in zip(own, *burdens, strict=True))
    if delay or loss:
        switch_on(place, world, site, delay, loss)
    else:
        switch_off(place, site)


def settle_all(place: Run, world: WorldPlan) -> None:
    """All wires."""
    for site in world.sites:
        settle(place, world, site)


def burden(place: Run, world: WorldPlan, site: SitePlan, name: str, delay_ms: float, loss_percent: float) -> None:
    """More delay and loss than declared, by the name of what causes it."""
    burdens = place.state.get("burdens", {})
    place.update(burdens={**burdens, site.name: {**burdens.get(site.name, {}), name: [delay_ms, loss_percent]}})
    settle(place, world, site)


def relieve(place: Run, world: WorldPlan, site: SitePlan, name: str) -> None:
    """Without what that name causes."""
    burdens = place.state.get("burdens", {})
    left = {key: burden for key, burden in burdens.get(site.name, {}).items() if key != name}
    place.update(burdens={**burdens, site.name: left})
    settle(place, world, site)


def offloads(world: WorldPlan, site: SitePlan, whole: bool) -> None:
    """Whether frames cross the wire before they are cut into segments. To lose single segments they must be cut first.

    UDP's are cut in any case: older kernels can't hand them to a packet socket.
    """
    state = "on" if whole else "off"
    for namespace, name in ((site.router, WAN), (site.wire, NEAR), (site.wire, FAR), (world.core, site.core_port)):
        features = ["tso", state, "gso", state, "tx", state, "tx-udp-segmentation", "off"]
        run(["ip", "netns", "exec", namespace, "ethtool", "-K", name, *features])
