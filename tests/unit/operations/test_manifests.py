"""Manifests are applied if the API sees a difference, and waits are no changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.observed.nodes import Workload
from engine import wait as waiting
from facts.kubernetes import Manifest, Nodes, Workloads
from operations import manifests
from tests.unit.operations.fake_host import NODE, commands


@pytest.mark.parametrize(("found", "count"), [("same", 0), ("different", 1), ("absent", 1)])
def test_a_manifest_is_applied_where_the_api_sees_a_difference(found: str, count: int) -> None:
    assert len(commands(manifests.apply, {Manifest: found, Nodes: []}, manifest="kind: X")) == count


def test_a_manifest_that_can_not_be_compared_is_not_applied() -> None:
    (only,) = commands(manifests.apply, {Manifest: None}, manifest="kind: X")
    assert only.endswith("exit 1")


def test_waiting_happens_only_where_there_is_something_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[str] = []
    monkeypatch.setattr(waiting.remote, "run", lambda name, command, **options: waits.append(command))
    dns = Workload("Deployment", "kube-system", "coredns", 2, 2)
    wanted = [("kube-system", "deployment/coredns")]
    late, few = {Nodes: [replace(NODE, ready=False)]}, {Workloads: [replace(dns, available=1)]}
    assert commands(manifests.wait_for_nodes, {Nodes: [NODE]}, wanted=["n"]) == []
    assert commands(manifests.wait_for_workloads, {Workloads: [dns]}, wanted=wanted) == []
    assert commands(manifests.wait_for_nodes, late, executing=False, wanted=["n"]) == waits == []
    # Waiting is no change, in the preview and in the run.
    assert commands(manifests.wait_for_nodes, late, wanted=["n"]) == []
    assert commands(manifests.wait_for_workloads, few, wanted=wanted) == []
    assert [("wait" in command, "rollout status" in command) for command in waits] == [(True, False), (False, True)]
