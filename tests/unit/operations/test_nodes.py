"""Nodes drained, put back and labelled: what would be lost is refused, a second time changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cluster.observed.nodes import Node, Settings
from cluster.observed.pods import Pod, evictable
from facts.kubernetes import Evictable, Nodes
from operations import nodes
from tests.unit.operations.fake_host import NODE, commands

KEPT, LONELY = Pod("web", "shop-1", "ReplicaSet", False), Pod("web", "try", "", False)


def drained(node: Node | None, pods: list[Pod] | None, **more: Any) -> list[str]:
    facts = {Nodes: [node] if node else [], Evictable: pods}
    return commands(nodes.drain, facts, node="n", timeout_s=60, **more)


def test_a_node_is_drained_once() -> None:
    (only,) = drained(NODE, [KEPT])
    assert "drain n --ignore-daemonsets --delete-emptydir-data --timeout=60s" in only
    assert drained(replace(NODE, schedulable=False), []) == []
    assert len(drained(replace(NODE, schedulable=False), [KEPT])) == 1


def test_pods_that_nobody_starts_again_are_not_ended_by_the_way() -> None:
    (refused,) = drained(NODE, [KEPT, LONELY])
    assert "web/try" in refused
    assert "web/shop-1" not in refused
    (forced,) = drained(NODE, [KEPT, LONELY], force=True)
    assert "--force" in forced


def test_a_dead_node_is_not_waited_for() -> None:
    dead = replace(NODE, ready=False)
    (only,) = drained(dead, [KEPT])
    assert "--skip-wait-for-delete-timeout" in only
    assert drained(replace(dead, schedulable=False), [replace(KEPT, leaving=True)]) == []


def test_what_is_not_known_is_not_drained() -> None:
    assert "no Node n" in drained(None, [])[0]
    assert "does not answer" in drained(NODE, None)[0]


def test_a_node_takes_pods_again_once() -> None:
    (only,) = commands(nodes.uncordon, {Nodes: [replace(NODE, schedulable=False)]}, node="n")
    assert only.endswith("uncordon n")
    assert commands(nodes.uncordon, {Nodes: [NODE]}, node="n") == []
    assert "does not answer" in commands(nodes.uncordon, {Nodes: None}, node="n")[0]


def test_a_drain_leaves_the_nodes_own_pods_and_those_that_have_ended() -> None:
    def pod(kind: str, phase: str = "Running", **annotations: str) -> dict[str, Any]:
        owners = [{"kind": kind, "controller": True}] if kind else []
        metadata = {"namespace": "a", "name": "b", "ownerReferences": owners, "annotations": annotations}
        return {"metadata": metadata, "status": {"phase": phase}}

    assert evictable(pod("DaemonSet")) is None
    assert evictable(pod("Node", **{"kubernetes.io/config.mirror": "x"})) is None
    assert evictable(pod("Job", phase="Succeeded")) is None
    assert evictable(pod("")) == Pod("a", "b", "", False)


def test_nodes_are_settled_in_one_command() -> None:
    wanted = [Settings("n", {"disk": "fast"}, ())]
    (only,) = commands(nodes.label_and_taint, {Nodes: [NODE]}, wanted=wanted)
    assert "patch node n" in only
    settled = replace(NODE, labels={"disk": "fast"}, declared_labels=("disk",))
    assert commands(nodes.label_and_taint, {Nodes: [settled]}, wanted=wanted) == []
    (missing,) = commands(nodes.label_and_taint, {Nodes: []}, wanted=wanted)
    assert "no Node of n" in missing
