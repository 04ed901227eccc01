"""Delay and loss of the links between the internet and the sites or the operator."""

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
    """A link to the internet's core. `ends`: namespace and interface of each end that frames pass; `log` names its process."""

    where: str
    log: str
    wire: str
    ends: tuple[tuple[str, str], ...]


def site_link(world: WorldPlan, site: SitePlan) -> Link:
    """The link of a site."""
    ends = ((site.router, WAN), (site.wire, NEAR), (site.wire, FAR), (world.core, site.core_port))
    return Link(f"site {site.name}", f"wire-{site.name}", site.wire, ends)


def operator_link(world: WorldPlan) -> Link:
    """The link of the operator."""
    wire = world.operator_wire
    ends = ((world.operator_namespace, UPLINK), (wire, NEAR), (wire, FAR), (world.core, OPERATOR_PORT))
    return Link("the operator", "operator-wire", wire, ends)


def set_link(lab: Run, link: Link, delay_ms: float, loss_percent: float) -> None:
    """Set a link's delay (one way) and loss; LabError if the emulator does not start."""
    lab.stop(link.log)
    if not delay_ms and not loss_percent:
        ip(link.wire, [f"link set {FAR} master through", f"link set {NEAR} master through"])
        return
    set_offloads(link, whole=not loss_percent)
    ip(link.wire, [f"link set {FAR} nomaster", f"link set {NEAR} nomaster"])
    command = [sys.executable, "-m", "lab.world.netem", FAR, NEAR, str(delay_ms), str(loss_percent)]
    process = lab.start(link.log, command, link.wire, piped=True)
    if not process.stdout or process.stdout.readline() != "ready\n":
        log = lab.folder / f"{link.log}.log"
        raise LabError(link.where, "its link does not work", log.read_text().strip()[-500:], f"see {log}")


def apply(lab: Run, world: WorldPlan, site: SitePlan) -> None:
    """Set a site's link from the run's state: the declared delay and loss unless they are off, and its faults' impairments."""
    impairments = lab.state.get("impairments", {}).get(site.name, {}).values()
    own = (site.site.delay_ms, site.site.loss_percent) if lab.state.get("delay", True) else (0.0, 0.0)
    delay, loss = (sum(parts) for parts in zip(own, *impairments, strict=True))
    set_link(lab, site_link(world, site), delay, loss)


def apply_all(lab: Run, world: WorldPlan) -> None:
    """Set the links of all sites and of the operator."""
    for site in world.sites:
        apply(lab, world, site)
    set_link(lab, operator_link(world), lab.state.get("operator_round_trip_ms", 0.0) / 2, 0.0)


def impair(lab: Run, world: WorldPlan, site: SitePlan, name: str, delay_ms: float, loss_percent: float) -> None:
    """Add delay (one way) and loss to a site's link, recorded by the name of the fault."""
    impairments = lab.state.get("impairments", {})
    lab.update(
        impairments={**impairments, site.name: {**impairments.get(site.name, {}), name: [delay_ms, loss_percent]}}
    )
    apply(lab, world, site)


def remove_impairment(lab: Run, world: WorldPlan, site: SitePlan, name: str) -> None:
    """Remove the delay and loss of that fault."""
    impairments = lab.state.get("impairments", {})
    left = {key: values for key, values in impairments.get(site.name, {}).items() if key != name}
    lab.update(impairments={**impairments, site.name: left})
    apply(lab, world, site)


def set_offloads(link: Link, whole: bool) -> None:
    """Set the segmentation offloads of a link's ends. To lose single segments, frames must be segmented before the link.

    UDP is segmented in any case: older kernels can't pass UDP offloads to a packet socket.
    """
    state = "on" if whole else "off"
    for namespace, name in link.ends:
        features = ["tso", state, "gso", state, "tx", state, "tx-udp-segmentation", "off"]
        run(["ip", "netns", "exec", namespace, "ethtool", "-K", name, *features])
