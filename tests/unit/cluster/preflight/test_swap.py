"""A container that sees its machine's swap is refused; a machine's own swap is turned off later."""

from __future__ import annotations

from dataclasses import replace

from cluster.preflight import swap
from tests.unit.cluster.preflight.test_hosts import GATEWAY, GOOD, NODE

IN_USE = {"active": ["/dev/vda2"], "fstab": [], "services": []}


def test_only_a_container_that_runs_pods_is_refused() -> None:
    container = replace(GOOD, container="lxc")
    (problem,) = swap.problems(NODE, container, IN_USE)
    assert problem.where == "n swap"
    assert "/dev/vda2" in problem.what
    assert swap.problems(NODE, container, {**IN_USE, "active": []}) == []
    assert swap.problems(GATEWAY, container, IN_USE) == []
    assert swap.problems(NODE, GOOD, IN_USE) == []
