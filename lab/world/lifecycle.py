"""The lifecycle of a lab: up, power, delay."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cluster.model import Cluster
from lab import mirror, prerequisites
from lab.failures import Interrupted, LabError
from lab.interrupts import ignore
from lab.polling import step
from lab.world import acme, checks, dns, hosts, images, links, network, operator, serving
from lab.world.boot import power_on
from lab.world.plan import HostPlan, WorldPlan, as_machines, plan
from lab.world.state import Run


@dataclass(frozen=True)
class Options:
    """Options of `up`.

    `delay`: links have their declared delay and loss. `keep`: leave a lab that failed to come up.
    `ssh_only`: hosts run sshd and nothing else, not even init, so a hundred of them are cheap.
    `also`: components and versions that the mirror serves in addition to the declared ones.
    `machines`: every host is a virtual machine, not only the declared ones.
    `acme`: the gateway obtains its certificate by ACME; else the operator has a certificate file.
    `source`: whose packages and images the mirror serves: auto, official or build.
    """

    architectures: tuple[str, ...]
    delay: bool = True
    keep: bool = False
    ssh_only: bool = False
    also: tuple[tuple[str, str], ...] = ()
    acme: bool = False
    source: str = "auto"
    machines: bool = False


def world_of(lab: Run) -> WorldPlan:
    """The world of a lab that is up or half-made; LabError if there is none."""
    return plan(lab.name, lab.cluster(), mirror.NAMES)


def has_networks(lab: Run) -> bool:
    """Whether its networks exist; after this machine's reboot they don't."""
    return world_of(lab).core in network.namespaces()


def up(lab: Run, cluster: Cluster, options: Options) -> None:
    """Create the world and boot its hosts; if that fails or is interrupted, everything is removed again."""
    if options.acme and cluster.certificate != "acme":
        raise LabError(
            "--acme", "certificate names files", "the gateway uses them and obtains none", "leave --acme out"
        )
    world = plan(lab.name, as_machines(cluster) if options.machines else cluster, mirror.NAMES)
    checks.check_hosts(world)
    options = replace(options, architectures=tuple(sorted({*options.architectures, *world.architectures})))
    prerequisites.check(options.architectures, world.machines)
    prerequisites.raise_limits()
    if lab.exists:
        with step("removing what is left of a lab"):
            lab.remove()
    try:
        create(lab, world, options)
    except (Exception, Interrupted):
        ignore()
        if not options.keep and lab.exists:
            with step("removing what was made"):
                lab.remove()
        raise


def create(lab: Run, world: WorldPlan, options: Options) -> None:
    """The steps of `up`, in order."""
    began = time.time()
    cache = mirror.default_cache()
    bases = base_images(cache, world)
    wanted = mirror_request(world.cluster, options.architectures)
    with step("artifacts and mirror"):
        choice = mirror.choose(
            options.source, serving.wanted(world, options.architectures, options.also), cache, print_progress
        )
        tree = mirror.build(wanted, cache, print_progress, choice)
        for part, version in options.also:
            mirror.build(mirror.Request(**{**vars(wanted), part: version}), cache, print_progress, choice)
        authority = mirror.build_pebble(wanted, cache, print_progress) if options.acme else None
    lab.create(world.cluster)
    lab.update(official=choice.official)
    with step(f"networks: {len(world.sites)} sites, {len(world.namespaces)} namespaces"):
        network.build(world, lab.namespace)
        if options.delay:
            links.apply_all(lab, world)
        dns.start(lab, world)
        if authority:
            acme.start(lab, world, authority)
    with step("operator's machine"):
        operator.prepare(lab, world, mirror.trust(tree, choice), mirror.tool(wanted, cache, "kubectl", choice))
        serving.start(lab, world, tree, choice)
    with step(f"booting {len(world.hosts)} hosts"):
        create_hosts(lab, world, world.hosts, bases, options.ssh_only)
        power_on(lab, world, world.hosts)
    lab.update(up=True, machines=options.machines, began=began, booted=time.time(), delay=options.delay, faults=[])


def print_progress(line: str) -> None:
    """Print a line within a long step."""
    print(f"\n  {line}", end=" ", flush=True)


def base_images(cache: Path, world: WorldPlan) -> dict[images.Base, Path]:
    """The base images that the world needs, and their folders."""
    bases = sorted({images.base_of(host) for host in world.hosts})
    with step("base images"):
        return {base: images.base_image(cache, base, print_progress) for base in bases}


def mirror_request(cluster: Cluster, architectures: tuple[str, ...]) -> mirror.Request:
    """The versions that the mirror must serve for a cluster."""
    return mirror.Request(
        kubernetes=cluster.kubernetes_version,
        tailscale=cluster.tailscale_version,
        headscale=cluster.headscale_version,
        containerd=cluster.containerd_version,
        flannel=cluster.flannel_version,
        cni_plugins=cluster.cni_plugins_version,
        architectures=architectures,
    )


def create_hosts(
    lab: Run,
    world: WorldPlan,
    chosen: Sequence[HostPlan],
    bases: dict[images.Base, Path],
    ssh_only: bool = False,
) -> None:
    """Create the disks of these hosts."""
    key = operator.ssh_key(lab).with_suffix(".pub").read_text()
    ca = acme.trusted_certificates(lab)
    for host in chosen:
        hosts.create(lab, world, host, bases[images.base_of(host)], key, ca, ssh_only)


def replace_hosts(lab: Run, world: WorldPlan, chosen: Sequence[HostPlan]) -> None:
    """Replace hosts by new machines with the same network, an empty disk and another SSH key, and boot them."""
    hosts.power_off(lab, chosen)
    bases = base_images(mirror.default_cache(), world)
    for host in chosen:
        hosts.remove_disk(lab, host)
        operator.forget_host_key(lab, host)
    create_hosts(lab, world, chosen, bases)
    power_on(lab, world, chosen)


def power_off(lab: Run, chosen: Sequence[HostPlan]) -> None:
    """Cut the power of these hosts."""
    hosts.power_off(lab, chosen)


def set_delay(lab: Run, on: bool, operator_round_trip_ms: float | None = None) -> None:
    """Switch the declared delay and loss of all sites' links; None leaves the operator's own delay (ms, round trip) as it is."""
    if operator_round_trip_ms is not None:
        lab.update(operator_round_trip_ms=operator_round_trip_ms)
    lab.update(delay=on)
    links.apply_all(lab, world_of(lab))
