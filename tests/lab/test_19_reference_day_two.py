"""The life of the six hosts of the reference inventory: upgraded in one run, each verb, Kubernetes' own conformance tests, back to clean hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.load_inventory import load
from tests.lab import common
from tests.lab import test_16_backup as keeping
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.counter import counted
from tests.lab.filters import rules
from tests.lab.tasks import VERBS, a_worker, comes_back, does_what_it_previews, verb_does_what_it_previews
from tests.lab.test_17_upgrade import ALSO, NEW, OLD, declare, is_upgraded
from tests.places import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]
REFERENCE = PROJECT / "inventory.py"
BEFORE: dict[str, list[str]] = {}


def rules_of_all(world: Rehearsal) -> dict[str, list[str]]:
    return {host.name: rules(world, host.name) for host in world.cluster.hosts}


@pytest.fixture(scope="module")
def world(watched: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("reference")
    declare(folder, OLD, REFERENCE)
    for made in rehearsal(folder / "inventory.py", "test-19", watched, *ALSO):
        BEFORE.update(rules_of_all(made))
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def test_six_hosts_are_upgraded_and_nothing_is_left_to_do(world: Rehearsal) -> None:
    declare(world.inventory.parent, NEW, REFERENCE)
    world.cluster = load(world.inventory)
    with counted(world, "the upgrade of six hosts"):
        does_what_it_previews(world, "upgrade")
    is_upgraded(world)


@pytest.mark.parametrize("task", VERBS)
def test_a_task_does_what_it_previews(world: Rehearsal, task: str) -> None:
    verb_does_what_it_previews(world, task)


def test_a_host_leaves_and_comes_back(world: Rehearsal) -> None:
    leaver = a_worker(world)
    does_what_it_previews(world, "remove_host", f"host={leaver}", confirm=leaver)
    comes_back(world, leaver)


def test_control_plane_and_coordinator_are_lost_and_come_back_on_empty_disks(world: Rehearsal, tmp_path: Path) -> None:
    hubs = (world.cluster.control_planes[0].name, world.cluster.coordinator.name)
    with keeping.brought_back(world, keeping.written_key(tmp_path), is_complete=True):
        for hub in hubs:
            world.must("power", "new", hub)
            left = "find /var/lib/etcd /var/lib/headscale /etc/kubernetes -mindepth 1 2>/dev/null; true"
            assert world.on(hub, left).stdout == ""
    assert world.previewed() == {}


@pytest.mark.timeout(7200)
def test_all_conformance_tests_pass(world: Rehearsal) -> None:
    world.must("conformance", timeout=7000)
    listed = (PROJECT / "build" / "conformance" / "tests.txt").read_text().split("\n\n")[1].splitlines()
    assert len(listed) > 50
    assert [line for line in listed if not line.startswith("passed ")] == []


def test_a_reset_leaves_six_hosts_with_the_rules_of_others(world: Rehearsal) -> None:
    does_what_it_previews(world, "reset", confirm=world.cluster.cluster_name)
    assert rules_of_all(world) == BEFORE
    common.hosts_are_clean(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
