"""A host whose time services are all masked is refused before the first change."""

from __future__ import annotations

import pytest

from cluster.observed.machine import TimeServices
from cluster.preflight import clock
from tests.unit.cluster.preflight.test_hosts import NODE

MASKED = ("systemd-timesyncd.service",)


def test_masked_time_services_are_a_problem_if_nothing_else_sets_the_clock() -> None:
    (problem,) = clock.problems(NODE, TimeServices("", (), MASKED))
    assert problem.where == "n clock"
    assert problem.fix == (
        "sudo systemctl unmask systemd-timesyncd.service && sudo systemctl enable --now systemd-timesyncd.service"
    )


@pytest.mark.parametrize(
    "found",
    [
        None,
        TimeServices(""),
        TimeServices("container", (), MASKED),
        TimeServices("chrony.service", (), MASKED),
        TimeServices("", ("ntpsec.service",), MASKED),
    ],
)
def test_all_else_is_mended_by_the_deploy(found: TimeServices | None) -> None:
    assert clock.problems(NODE, found) == []
