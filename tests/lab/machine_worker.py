"""What a cluster whose worker is an emulated machine has to show, of any architecture."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.places import PROJECT

MACHINE = "leaf"
# An emulated processor is a tenth of this machine's.
DEPLOY_SECONDS, SETTLE_SECONDS = 3600, 600


def lab_of(inventory: str, run: str, watched: set[str]) -> Iterator[Rehearsal]:
    yield from rehearsal(PROJECT / "tests" / "inventories" / inventory / "inventory.py", run, watched)


def has_a_kernel_of_its_own(world: Rehearsal, processor: str) -> None:
    kernels = {host.name: world.on(host, "uname -r -m").stdout for host in world.cluster.hosts}
    assert len(set(kernels.values())) == 2, kernels
    assert kernels[MACHINE].endswith(f"{processor}\n")
    assert world.on(MACHINE, "test -e /sys/fs/cgroup/cgroup.controllers").returncode == 0
    assert world.cluster.hosts[-1].exceptions == ()


def deploy_ends_with_a_verified_cluster(world: Rehearsal) -> None:
    world.must("deploy", timeout=DEPLOY_SECONDS)
    is_verified(world)


def power_cut_of_the_machine_heals_by_itself(world: Rehearsal) -> None:
    world.must("power", "off", MACHINE)
    world.must("power", "on", MACHINE)
    is_verified(world)
    common.hosts_are_as_declared(world)


def is_verified(world: Rehearsal) -> None:
    world.must("verify", "--wait", str(SETTLE_SECONDS), timeout=2 * SETTLE_SECONDS)


def what_the_deploy_has_set_holds_after_a_boot(world: Rehearsal) -> None:
    """In a container these are this machine's."""
    swaps = world.on(MACHINE, "cat /proc/swaps").stdout.splitlines()
    assert len(swaps) == 1, swaps
    modules = world.on(MACHINE, "ls /sys/module").stdout.split()
    assert {"br_netfilter", "overlay"} <= set(modules)
    profiles = world.on(MACHINE, "cat $(pgrep -x flanneld | sed 's|.*|/proc/&/attr/current|')").stdout
    assert profiles == "cri-containerd.apparmor.d (enforce)\n"
