"""An inventory that shares nothing with the first: other names, networks, ports, versions, pod network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.places import PROJECT

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    yield from rehearsal(PROJECT / "tests" / "inventories" / "two-sites" / "inventory.py", "test-02", watched)


def test_preview_of_a_fresh_world_touches_nothing(world: Rehearsal) -> None:
    common.preview_touches_nothing(world)


def test_deploy_ends_with_a_verified_cluster(world: Rehearsal) -> None:
    world.must("deploy")
    assert common.verified(world)["problems"] == []


def test_second_run_changes_nothing(world: Rehearsal) -> None:
    common.second_run_changes_nothing(world)


def test_preview_of_a_converged_world_lists_nothing(world: Rehearsal) -> None:
    common.preview_lists_nothing(world)


def test_every_host_reaches_every_host(world: Rehearsal) -> None:
    common.every_host_reaches_every_host(world)


def test_power_cut_of_all_hosts_heals_by_itself(world: Rehearsal) -> None:
    common.heals_after_a_power_cut(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
