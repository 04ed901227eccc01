"""A headscale of the owner's is refused with two ways out; ours, and one that is being restored, are not."""

from __future__ import annotations

import pytest

from cluster.observed.headscale import Standing
from cluster.preflight import headscale
from tests.unit.cluster.preflight.test_hosts import GATEWAY, NODE

CONFIG, DATABASE = "/etc/headscale/config.yaml", "/var/lib/headscale/db.sqlite"


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (
            Standing(config=CONFIG, database=DATABASE, server="https://mesh.home", users=1, machines=7),
            f"{CONFIG} is of a headscale for https://mesh.home that isthmus has not set up, with 1 user and 7 machines",
        ),
        (Standing(config=CONFIG), f"{CONFIG} is of a headscale that isthmus has not set up"),
        (Standing(database=DATABASE), f"{DATABASE} is of a headscale that isthmus has not set up"),
    ],
)
def test_an_owners_headscale_is_refused_before_any_change(found: Standing, what: str) -> None:
    (problem,) = headscale.problems(GATEWAY, found, is_restore=False)
    assert (problem.where, problem.what) == ("g headscale", what)
    assert "give the role coordinator to another host" in problem.fix
    # What the fix moves away is all that the next run looks for.
    assert all(path.rpartition("/")[0] in problem.fix for path in (CONFIG, DATABASE))
    assert headscale.problems(GATEWAY, Standing(), is_restore=False) == []


def test_ours_and_other_hosts_are_left_alone() -> None:
    assert headscale.problems(GATEWAY, Standing(is_ours=True, database=DATABASE), is_restore=False) == []
    assert headscale.problems(NODE, Standing(config=CONFIG), is_restore=False) == []


def test_a_restored_database_may_come_before_its_configuration() -> None:
    assert headscale.problems(GATEWAY, Standing(database=DATABASE), is_restore=True) == []
    assert len(headscale.problems(GATEWAY, Standing(config=CONFIG, database=DATABASE), is_restore=True)) == 1
