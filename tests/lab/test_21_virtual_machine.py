"""A virtual machine as a worker, without any exception: Debian's own kernel, cgroup v2, AppArmor, swap; and a power cut of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import common, machine_worker
from tests.lab.conftest import Rehearsal

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    yield from machine_worker.lab_of("machine-worker", "test-21", watched)


def test_the_worker_has_a_kernel_of_its_own(world: Rehearsal) -> None:
    machine_worker.has_a_kernel_of_its_own(world, "x86_64")


def test_deploy_ends_with_a_verified_cluster(world: Rehearsal) -> None:
    machine_worker.deploy_ends_with_a_verified_cluster(world)


def test_second_run_changes_nothing(world: Rehearsal) -> None:
    common.second_run_changes_nothing(world)


def test_preview_of_a_converged_world_lists_nothing(world: Rehearsal) -> None:
    common.preview_lists_nothing(world)


def test_hosts_are_as_declared(world: Rehearsal) -> None:
    common.hosts_are_as_declared(world)


def test_power_cut_of_the_machine_heals_by_itself(world: Rehearsal) -> None:
    machine_worker.power_cut_of_the_machine_heals_by_itself(world)


def test_what_the_deploy_has_set_holds_after_a_boot(world: Rehearsal) -> None:
    machine_worker.what_the_deploy_has_set_holds_after_a_boot(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
