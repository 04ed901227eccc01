"""What a task may be told, and what is refused before any host is contacted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster import tasks
from cluster.model import Cluster
from cluster.observed.etcd import Member
from cluster.preflight.remove_host import quorum_problem
from lab.load_inventory import load
from tests.places import INVENTORIES, PROJECT

SMALL = load(INVENTORIES / "day-two" / "inventory.py")


def told(name: str, *, cluster: Cluster = SMALL, preview: bool = False, terminal: bool = False, **given: str) -> str:
    return "\n".join(str(problem) for problem in tasks.problems(name, cluster, given, preview, terminal))


def test_a_right_call_passes() -> None:
    assert told("drain", host="attic") == ""
    assert told("drain", host="attic", force="1", timeout="60") == ""


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("drain", {}, "--data host= and a node of the inventory: hub, wing, attic"),
        ("drain", {"host": "nobody"}, "'nobody' is not a node of the inventory"),
        ("drain", {"host": "attic", "timout": "5"}, "did you mean timeout?"),
        ("drain", {"host": "attic", "timeout": "5"}, "seconds, from 10 to 3600"),
        ("drain", {"host": "attic", "timeout": "²"}, "seconds, from 10 to 3600"),
        ("drain", {"host": "attic", "force": "maybe"}, "1 or 0"),
        ("kubeconfig", {"user": "system:masters"}, "is not a name of small letters"),
        ("kubeconfig", {"user": "ann\n"}, "is not a name of small letters"),
        ("kubeconfig", {"user": "ann", "role": "god"}, "one of view, edit, admin, cluster-admin"),
        ("backup", {}, "--data recipient= and a recipient of age"),
        ("restore", {"from": "x"}, "--data identity= and a file with the age identity"),
        ("restore", {"from": "x", "identity": "y", "only": "etcd"}, "is not cluster or tailnet; without it, both"),
        ("uncordon", {"host": "attic", "yes": "attic"}, "the task has no argument yes"),
        ("pull_images", {"version": "v1.36.3"}, "a version of Kubernetes, such as 1.36.3"),
        ("pull_images", {"version": "1.36"}, "a version of Kubernetes, such as 1.36.3"),
        ("reinstall_pod_network", {}, "disconnects all pods of calm"),
        ("reinstall_pod_network", {"yes": "yes"}, "not calm"),
    ],
)
def test_a_wrong_call_is_told_where_what_why_fix(name: str, given: dict[str, str], said: str) -> None:
    assert said in told(name, **given)


def test_every_task_is_a_story_and_every_story_a_task() -> None:
    files = {path.stem for path in (PROJECT / "tasks").glob("*.py")} - {"__init__"}
    assert files == set(tasks.TASKS)


THREE = load(INVENTORIES / "three-control-planes" / "inventory.py")


@pytest.mark.parametrize(
    ("host", "said"),
    [("hub", "hub is the coordinator"), ("hub", "hub is the gateway"), ("hub", "hub is the only control plane")],
)
def test_what_the_others_need_is_not_removed(host: str, said: str) -> None:
    assert said in told("remove_host", host=host, yes=host)


def test_one_of_three_control_planes_may_go() -> None:
    assert told("remove_host", cluster=THREE, host="core2", yes="core2") == ""


def test_what_destroys_is_confirmed_by_name() -> None:
    assert told("remove_host", host="attic", preview=True) == told("remove_host", host="attic", terminal=True) == ""
    assert "This removes attic from calm" in told("remove_host", host="attic")
    assert "'1', not attic" in told("remove_host", host="attic", yes="1", terminal=True)
    assert told("remove_host", host="attic", yes="attic") == ""
    given = {"from": "x", "identity": "y"}
    assert "all changes in etcd and headscale since then are lost" in told("restore", **given)
    assert told("restore", **given, yes="calm") == ""
    assert "--data yes=calm" in told("rebuild_headscale")


def test_etcd_keeps_its_quorum() -> None:
    three = [Member(str(number), name, True) for number, name in enumerate("abc")]
    assert quorum_problem(three, "a") == ""
    ill = [three[0], replace(three[1], healthy=False), three[2]]
    assert quorum_problem(ill, "b") == ""
    assert "b does not" in quorum_problem(ill, "a")
    assert quorum_problem(three, "elsewhere") == ""


def test_an_upgrade_may_be_narrowed_to_parts_and_asks_whom_it_needs() -> None:
    assert told("upgrade", only="kubernetes,tailscale") == told("upgrade") == ""
    assert "is not some of tailscale,headscale,containerd,kubernetes,flannel" in told("upgrade", only="kubelet")
    needs = tasks.TASKS["upgrade"].needs
    assert needs(THREE, {}) == (("core1",), ("core2",), ("core3",), (THREE.coordinator.name,))
    assert needs(THREE, {"only": "tailscale"}) == ()
    assert needs(THREE, {"only": "headscale"}) == ((THREE.coordinator.name,),)
