"""What a running cluster keeps is not changed by the inventory; what a host does not know does not count."""

from __future__ import annotations

from cluster.preflight import immutable
from tests.unit.cluster.preflight.test_hosts import CLUSTER

RUNS = {setting: value for setting, (_, value) in immutable.declared(CLUSTER).items()}


def test_what_runs_as_declared_is_no_problem() -> None:
    assert immutable.differences(CLUSTER, {"a": RUNS, "b": {"endpoint": RUNS["endpoint"]}, "c": {}}) == []


def test_each_setting_that_differs_is_one_problem_for_all_hosts_that_have_it() -> None:
    for setting in RUNS:
        other = {**RUNS, setting: "other"}
        (problem,) = immutable.differences(CLUSTER, {"a": other, "b": other, "c": RUNS})
        assert problem.where == "a, b"
        assert "has other" in problem.what
        assert RUNS[setting] in problem.what
        assert "reset" in problem.fix
