"""Inventories that are quite unlike the reference: one site, five sites (two with the same LAN), three control planes, twelve hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.places import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.fixture(scope="module", params=["one-site", "five-sites", "three-control-planes", "twelve-hosts"])
def world(request: pytest.FixtureRequest, watched: set[str]) -> Iterator[Rehearsal]:
    yield from rehearsal(PROJECT / "tests" / "inventories" / request.param / "inventory.py", "test-13", watched)


def test_deploy_ends_with_a_verified_cluster(world: Rehearsal) -> None:
    world.must("deploy")
    world.must("verify", "--wait", "60")


def test_round_trips_are_true(world: Rehearsal) -> None:
    """In the other inventories a site loses packets, or two homes may need the relay."""
    if len(world.cluster.hosts) == 12:
        common.round_trips_are_true(world)


def test_second_run_changes_nothing(world: Rehearsal) -> None:
    common.second_run_changes_nothing(world)


def test_preview_of_a_converged_world_lists_nothing(world: Rehearsal) -> None:
    common.preview_lists_nothing(world)


def test_power_cut_of_all_hosts_heals_by_itself(world: Rehearsal) -> None:
    common.heals_after_a_power_cut(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
