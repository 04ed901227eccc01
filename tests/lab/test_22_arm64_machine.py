"""An arm64 machine with cloud-init, netplan and systemd-resolved as a worker of an amd64 control plane. Its artifacts and its image take an hour to build."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.places import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]
MACHINE = "leaf"
# An emulated processor is a tenth of this machine's.
DEPLOY_SECONDS, SETTLE_SECONDS = 3600, 600


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    yield from rehearsal(PROJECT / "tests" / "inventories" / "arm64-worker" / "inventory.py", "test-22", watched)


def test_the_worker_has_a_kernel_of_its_own(world: Rehearsal) -> None:
    kernels = {host.name: world.on(host, "uname -r -m").stdout for host in world.cluster.hosts}
    assert len(set(kernels.values())) == 2, kernels
    assert kernels[MACHINE].endswith("aarch64\n")
    assert world.on(MACHINE, "test -e /sys/fs/cgroup/cgroup.controllers").returncode == 0
    assert world.cluster.hosts[-1].exceptions == ()


def test_deploy_ends_with_a_verified_cluster(world: Rehearsal) -> None:
    world.must("deploy", timeout=DEPLOY_SECONDS)
    world.must("verify", "--wait", str(SETTLE_SECONDS), timeout=2 * SETTLE_SECONDS)


def test_second_run_changes_nothing(world: Rehearsal) -> None:
    common.second_run_changes_nothing(world)


def test_preview_of_a_converged_world_lists_nothing(world: Rehearsal) -> None:
    common.preview_lists_nothing(world)


def test_hosts_are_as_declared(world: Rehearsal) -> None:
    common.hosts_are_as_declared(world)


def test_power_cut_of_the_machine_heals_by_itself(world: Rehearsal) -> None:
    world.must("power", "off", MACHINE)
    world.must("power", "on", MACHINE)
    world.must("verify", "--wait", str(SETTLE_SECONDS), timeout=2 * SETTLE_SECONDS)
    common.hosts_are_as_declared(world)


def test_what_the_deploy_has_set_holds_after_a_boot(world: Rehearsal) -> None:
    """In a container these are this machine's."""
    swaps = world.on(MACHINE, "cat /proc/swaps").stdout.splitlines()
    assert len(swaps) == 1, swaps
    modules = world.on(MACHINE, "ls /sys/module").stdout.split()
    assert {"br_netfilter", "overlay"} <= set(modules)
    profiles = world.on(MACHINE, "cat $(pgrep -x flanneld | sed 's|.*|/proc/&/attr/current|')").stdout
    assert profiles == "cri-containerd.apparmor.d (enforce)\n"


def test_both_architectures_run_pods(world: Rehearsal) -> None:
    script = "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl get nodes -o jsonpath='{.items[*].status.nodeInfo.architecture}'"
    assert sorted(world.on("front", script).stdout.split()) == ["amd64", "arm64"]


def test_cloud_init_has_not_taken_back_the_names(world: Rehearsal) -> None:
    assert world.on(MACHINE, "hostname").stdout.strip() == MACHINE
    assert "mesh.machines.example" in world.on(MACHINE, "getent hosts mesh.machines.example").stdout


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
