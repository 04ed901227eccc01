"""Named faults that can be undone. A new one is a pair of small functions and a line in FAULTS."""

from __future__ import annotations

from contextlib import suppress

from .. import world
from ..failures import LabError
from ..journal import Run
from ..plan import WorldPlan
from . import machines, mesh, sites
from .scene import Fault, Scene

FAULTS: dict[str, Fault] = {
    "udp-blocked": Fault(
        "all UDP but name service is dropped at the site's router",
        "site", sites.block_udp, sites.lift_filter,
    ),
    "tailnet-blocked": Fault(
        "the site's hosts reach the others neither directly nor by the relay; SSH comes in",
        "site", sites.block_tailnet, sites.lift_filter,
    ),
    "hard-nat": Fault(
        "the router's source port differs with each destination, and it lets in only answers: no hole can be punched",
        "site", sites.harden_nat, sites.soften_nat,
    ),
    "small-mtu": Fault(
        "packets above 1100 bytes are lost between the site and the internet, and no ICMP says so",
        "site", sites.shrink_mtu, sites.restore_mtu,
    ),
    "latency": Fault("the way between the site and the internet takes 200 ms more", "site", sites.slow_down, sites.relieve),
    "loss": Fault("5 % more are lost between the site and the internet", "site", sites.lose_frames, sites.relieve),
    "mirror-gone": Fault(
        "nothing that serves packages, files or images answers the site",
        "site", sites.block_mirrors, sites.lift_filter,
    ),
    "registry-gone": Fault("no registry of images answers the site", "site", sites.block_registries, sites.lift_filter),
    "dns-broken": Fault(
        "the name server does not answer the host, nor its pods",
        "host", sites.silence_names, sites.lift_filter,
    ),
    "host-gone": Fault("the host is switched off and stays off", "host", machines.take, machines.bring_back),
    "clock-skew": Fault(
        "programs that start now see a clock three minutes ahead (dynamic ones, such as date)",
        "host", machines.skew_clock, machines.set_clock,
    ),
    "disk-full": Fault("/var is a small file system with no room left", "host", machines.fill_disk, machines.empty_disk),
    "file-changed": Fault(
        "somebody has changed a file that the deploy wrote",
        "host", machines.change_file, machines.restore_file,
    ),
    "port-exposed": Fault(
        f"a program listens on the host's public address, TCP port {machines.EXPOSED_PORT}, and is let through",
        "host", machines.expose_port, machines.close_port,
    ),
    "oracle-reject-rules": Fault(
        "the REJECT rules of Oracle's images stand in front of all others again",
        "host", machines.reject_as_image, machines.remove_rules,
    ),
    "foreign-chain": Fault(
        "another program's chain drops all that the host would forward",
        "host", machines.put_foreign_chain, machines.remove_foreign_chain,
    ),
    "lan-captured": Fault(
        "the rule that keeps the host's LAN out of the tailnet is gone",
        "host", machines.release_lan, machines.keep_lan,
    ),
    "tailscaled-stopped": Fault(
        "tailscaled is stopped",
        "host", machines.stopping("tailscaled"), machines.starting("tailscaled"),
    ),
    "containerd-stopped": Fault(
        "containerd is stopped; pods run on",
        "host", machines.stopping("containerd"), machines.starting("containerd"),
    ),
    "kubelet-stopped": Fault(
        "kubelet is stopped; pods run on",
        "host", machines.stopping("kubelet"), machines.starting("kubelet"),
    ),
    "route-withdrawn": Fault(
        "the host no longer offers its LAN address and LAN routes to the tailnet",
        "host", mesh.withdraw_lan, mesh.offer_again,
    ),
    "pod-route-withdrawn": Fault(
        "the host no longer offers the network of its pods to the tailnet",
        "host", mesh.withdraw_pods, mesh.offer_again,
    ),
    "route-unapproved": Fault(
        "headscale has approved no route of the host, though it offers them",
        "host", mesh.disapprove, mesh.approve_again,
    ),
    "routes-refused": Fault(
        "the host accepts no routes of the others",
        "host", mesh.refuse_routes, mesh.accept_routes,
    ),
    "headscale-stopped": Fault(
        "headscale is stopped on the coordinator",
        "", machines.stopping("headscale"), machines.starting("headscale"),
    ),
    "cluster-dns-gone": Fault(
        "no pod of CoreDNS runs",
        "", mesh.stop_cluster_names, mesh.start_cluster_names,
    ),
}  # fmt: skip


def listing() -> str:
    """A line for each fault: its name, where it happens, what it does."""
    rows = [(f"{name} {fault.target.upper()}".rstrip(), fault.text) for name, fault in FAULTS.items()]
    width = max(len(head) for head, _ in rows)
    return "\n".join(f"{head.ljust(width)}  {text}" for head, text in rows)


def scene_of(place: Run, name: str, target: str | None) -> Scene:
    """The fault's place in that lab; LabError where host or site is not there, or not what the fault happens to."""
    planned = world.of(place)
    kind = FAULTS[name].target
    if target and not kind:
        raise LabError(
            f"fault {name}", f"has no target, but {target} is given", "it happens in one place", f"leave {target} out"
        )
    if kind and not target:
        raise LabError(
            f"fault {name}", f"needs a {kind}", f"it is caused at one {kind}", f"name one of {choices(planned, kind)}"
        )
    if not target:
        return Scene(place, planned, name)
    if kind == "host":
        return Scene(place, planned, name, given_host=planned.host(target))
    return Scene(place, planned, name, given_site=planned.site(target))


def choices(planned: WorldPlan, kind: str) -> str:
    """The hosts or sites of that world."""
    return ", ".join(thing.name for thing in (planned.hosts if kind == "host" else planned.sites))


def in_force(place: Run) -> list[list[str | None]]:
    """The faults that are caused and not healed: [name, target]."""
    return list(place.state.get("faults", []))


def cause(place: Run, name: str, target: str | None) -> None:
    """Break it. It is recorded first, so that what is broken by half can be healed too."""
    scene = scene_of(place, name, target)
    before = in_force(place)
    if [name, target] in before:
        raise LabError(
            f"fault {called(scene)}",
            "is in force already",
            "it can't be caused twice",
            f"python -m lab heal {called(scene)}",
        )
    place.update(faults=[*before, [name, target]])
    try:
        FAULTS[name].apply(scene)
    except LabError:
        with suppress(LabError):
            FAULTS[name].undo(scene)
        forget(scene, target)
        raise


def heal(place: Run, name: str, target: str | None) -> None:
    """Undo it."""
    scene = scene_of(place, name, target)
    if [name, target] not in in_force(place):
        others = ", ".join(" ".join(filter(None, fault)) for fault in in_force(place)) or "none"
        raise LabError(
            f"fault {called(scene)}", "is not in force", f"in force: {others}", f"python -m lab break {called(scene)}"
        )
    FAULTS[name].undo(scene)
    forget(scene, target)


def called(scene: Scene) -> str:
    """Its name and target, as on the command line."""
    return f"{scene.name} {scene.target}".rstrip()


def forget(scene: Scene, target: str | None) -> None:
    """It is no longer in force, and what it kept is not needed."""
    scene.place.update(faults=[fault for fault in in_force(scene.place) if fault != [scene.name, target]])
    scene.memory.unlink(missing_ok=True)
