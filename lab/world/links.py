"""Delay and loss between sites, or the operator, and the internet: the wires that are switched on."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from lab.commands import ip, run
from lab.failures import LabError
from lab.world.network import FAR, NEAR, OPERATOR_PORT, UPLINK
from lab.world.plan import SitePlan, WorldPlan
from lab.world.rules import WAN
from lab.world.state import Run


@dataclass(frozen=True)
class Link:
    """A way to the internet's core. `ends`: namespace and interface of all that frames pass; `log` names its process."""

    where: str
    log: str
    wire: str
    ends: tuple[tuple[str, str], ...]


def of_site(world: WorldPlan, site: SitePlan) -> Link:
    """A site's."""
    ends = ((site.router, WAN), (site.wire, NEAR), (site.wire, FAR), (world.core, site.core_port))
    return Link(f"site {site.name}", f"wire-{site.name}", site.wire, ends)


def of_operator(world: WorldPlan) -> Link:
    """The operator's."""
    wire = world.operator_wire
    ends = ((world.operator_namespace, UPLINK), (wire, NEAR), (wire, FAR), (world.core, OPERATOR_PORT))
    return Link("the operator", "operator-wire", wire, ends)


def set_link(place: Run, link: Link, delay_ms: float, loss_percent: float) -> None:
    """Frames take that time on it, each way, and some are lost."""
    place.stop(link.log)
    if not delay_ms and not loss_percent:
        ip(link.wire, [f"link set {FAR} master through", f"link set {NEAR} master through"])
        return
    offloads(link, whole=not loss_percent)
    ip(link.wire, [f"link set {FAR} nomaster", f"link set {NEAR} nomaster"])
    command = [sys.executable, "-m", "lab.world.netem", FAR, NEAR, str(delay_ms), str(loss_percent)]
    process = place.start(link.log, command, link.wire, heard=True)
    if not process.stdout or process.stdout.readline() != "ready\n":
        log = place.folder / f"{link.log}.log"
        raise LabError(link.where, "its wire does not work", log.read_text().strip()[-500:], f"see {log}")


def settle(place: Run, world: WorldPlan, site: SitePlan) -> None:
    """That site's wire as the run's state says: the declared delay and loss unless they are off, and its burdens."""
    burdens = place.state.get("burdens", {}).get(site.name, {}).values()
    own = (site.site.delay_ms, site.site.loss_percent) if place.state.get("delay", True) else (0.0, 0.0)
    delay, loss = (sum(parts) for parts in zip(own, *burdens, strict=True))
    set_link(place, of_site(world, site), delay, loss)


def settle_all(place: Run, world: WorldPlan) -> None:
    """All wires."""
    for site in world.sites:
        settle(place, world, site)
    set_link(place, of_operator(world), place.state.get("operator_round_trip_ms", 0.0) / 2, 0.0)


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


def offloads(link: Link, whole: bool) -> None:
    """Whether frames cross the wire before they are cut into segments. To lose single segments they must be cut first.

    UDP's are cut in any case: older kernels can't hand them to a packet socket.
    """
    state = "on" if whole else "off"
    for namespace, name in link.ends:
        features = ["tso", state, "gso", state, "tx", state, "tx-udp-segmentation", "off"]
        run(["ip", "netns", "exec", namespace, "ethtool", "-K", name, *features])
