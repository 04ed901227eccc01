"""The six hosts of the reference inventory, from older versions of everything to newer ones in one run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.declared import load
from tests.lab.conftest import PROJECT, Rehearsal, rehearsal
from tests.lab.counter import counted
from tests.lab.tasks import does_what_it_previews
from tests.lab.test_8_upgrade import ALSO, NEW, OLD, declare, is_upgraded

pytestmark = [pytest.mark.lab, pytest.mark.long]
REFERENCE = PROJECT / "inventory.py"


@pytest.fixture(scope="module")
def world(watched: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("reference")
    declare(folder, OLD, REFERENCE)
    for made in rehearsal(folder / "inventory.py", "test-8r", watched, *ALSO):
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def test_six_hosts_are_upgraded_and_nothing_is_left_to_do(world: Rehearsal) -> None:
    declare(world.inventory.parent, NEW, REFERENCE)
    world.cluster = load(world.inventory)
    with counted(world, "the upgrade of six hosts"):
        does_what_it_previews(world, "upgrade")
    is_upgraded(world)
