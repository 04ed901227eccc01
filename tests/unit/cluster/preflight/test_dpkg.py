"""A half-configured dpkg is said in four parts before the first change."""

from __future__ import annotations

from cluster.preflight import dpkg
from tests.unit.cluster.preflight.test_hosts import NODE


def test_an_interrupted_dpkg_is_one_problem_with_the_command_that_ends_it() -> None:
    (problem,) = dpkg.problems(NODE, ["dpkg", "kubelet", "a", "b", "c", "d", "e"])
    assert problem.where == "n dpkg"
    assert problem.what.endswith("dpkg, kubelet, a, b, c and 2 more")
    assert problem.fix == "sudo dpkg --configure -a && sudo apt-get -f install"
    assert dpkg.problems(NODE, []) == []
