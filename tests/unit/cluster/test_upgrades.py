"""What differs from the declared versions, what the deploy says of it, and what no upgrade does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster import upgrades
from cluster.model import Cluster
from cluster.observed.etcd import Member
from cluster.observed.nodes import Node
from cluster.observed.packages import Installed
from cluster.observed.pods import Pod
from cluster.preflight import upgrade
from cluster.upgrades import Step
from lab.load_inventory import load
from tests.places import INVENTORIES

SMALL = load(INVENTORIES / "day-two" / "inventory.py")
THREE = load(INVENTORIES / "three-control-planes" / "inventory.py")
NODES = [Node(name, True, "", "1.35.4", (), "", "amd64", "", {}, (), True) for name in ("hub", "wing", "attic")]
ETCD = [Member("1", "hub", True)]
EVERYTHING = upgrades.PARTS


def declaring(cluster: Cluster = SMALL, **versions: str) -> Cluster:
    return cluster.model_copy(update={f"{part}_version": version for part, version in versions.items()})


def packages(**versions: str) -> dict[str, str]:
    return {name.replace("containerd", "containerd.io"): version for name, version in versions.items()}


def found(
    cluster: Cluster, name: str, installed: Installed, pinned: bool = True, flannel: str = ""
) -> list[tuple[str, str, str]]:
    steps = upgrades.steps(cluster, cluster.host(name), installed, pinned, flannel)
    return [(step.part, step.runs, step.wanted) for step in steps]


def said(runs: str, wanted: str, part: str = "kubernetes") -> str:
    return "\n".join(str(problem) for problem in upgrades.differences([Step(part, "hub", runs, wanted)]))


def unfit(
    cluster: Cluster,
    *steps: Step,
    parts: tuple[str, ...] = EVERYTHING,
    nodes: list[Node] | None = NODES,
    members: list[Member] | None = ETCD,
) -> str:
    return "\n".join(str(problem) for problem in upgrade.blockers(cluster, steps, parts, nodes, members))


def test_a_host_that_has_what_is_declared_differs_in_nothing() -> None:
    cluster = declaring(
        kubernetes="1.36.3", containerd="2.3.7", tailscale="1.102.5", headscale="0.29.3", flannel="0.28.10"
    )
    kubernetes = dict.fromkeys(("kubeadm", "kubelet", "kubectl"), "1.36.3-1.1")
    has = packages(tailscale="1.102.5", headscale="0.29.3", containerd="2.3.7-1~debian.12~bookworm", **kubernetes)
    assert found(cluster, "hub", Installed(has, "1.36.3"), flannel="0.28.10") == []
    assert found(cluster, "hub", Installed({})) == []


def test_each_part_is_compared_where_it_belongs() -> None:
    has = Installed(
        packages(tailscale="1.100.0", headscale="0.28.0", containerd="2.2.9-1~x", kubelet="1.35.4-1.1"), "1.36.3"
    )
    assert found(SMALL, "hub", has, flannel="0.28.9") == [
        ("tailscale", "1.100.0", SMALL.tailscale_version),
        ("headscale", "0.28.0", SMALL.headscale_version),
        ("containerd", "2.2.9", SMALL.containerd_version),
        ("kubernetes", "1.35.4", SMALL.kubernetes_version),
        ("flannel", "0.28.9", SMALL.flannel_version),
    ]
    assert [part for part, *_ in found(SMALL, "attic", has, pinned=False)] == ["tailscale", "kubernetes"]


def test_an_epoch_is_no_part_of_the_version() -> None:
    has = Installed(packages(kubectl="1:528.0.0-0"))
    assert found(SMALL, "hub", has) == [("kubernetes", "528.0.0", SMALL.kubernetes_version)]


def test_an_api_that_is_newer_than_declared_counts_before_an_older_kubelet() -> None:
    has = Installed(packages(kubelet="1.35.4-1.1", kubeadm="1.36.3-1.1"), "1.37.2")
    assert found(declaring(kubernetes="1.36.3"), "hub", has) == [("kubernetes", "1.37.2", "1.36.3")]


@pytest.mark.parametrize(
    ("part", "runs", "wanted", "fix"),
    [
        ("kubernetes", "1.36.3", "1.36.5", "run: pyinfra inventory.py tasks/upgrade.py"),
        ("kubernetes", "1.35.4", "1.36.3", "run: pyinfra inventory.py tasks/upgrade.py"),
        (
            "kubernetes",
            "1.35.4",
            "1.37.2",
            "run tasks/upgrade.py with 1.36 first: kubeadm upgrades one minor version at a time",
        ),
        ("kubernetes", "1.37.2", "1.36.3", 'write kubernetes_version = "1.37.2": kubeadm can\'t downgrade'),
        (
            "headscale",
            "0.27.1",
            "0.29.3",
            "run tasks/upgrade.py with 0.28 first: headscale migrates its database one minor",
        ),
        (
            "headscale",
            "0.29.3",
            "0.29.2",
            'write headscale_version = "0.29.3": headscale refuses a database that a newer version',
        ),
        ("tailscale", "1.96.2", "1.102.5", "run: pyinfra inventory.py tasks/upgrade.py"),
        ("containerd", "2.3.7", "2.2.9", 'write containerd_version = "2.3.7": an older version may not read'),
    ],
)
def test_the_deploy_names_the_way(part: str, runs: str, wanted: str, fix: str) -> None:
    assert fix in said(runs, wanted, part)
    assert f"{runs} is installed, but {part}_version is {wanted}" in said(runs, wanted, part)
    is_refused = "tasks/upgrade.py" not in fix or "first" in fix
    assert bool(upgrades.refusals([Step(part, "hub", runs, wanted)])) == is_refused


def test_what_is_from_before_the_cluster_is_no_job_of_the_upgrade() -> None:
    steps = [Step("containerd", name, "2.2.9", "2.3.7") for name in ("hub", "wing")]
    of_a_node, by_hand = upgrades.differences(steps, outside=["wing"])
    assert (of_a_node.where, of_a_node.fix) == ("hub", upgrades.TASK)
    assert by_hand.where == "wing"
    assert "apt-get purge containerd.io" in by_hand.fix
    assert 'write containerd_version = "2.2.9"' in by_hand.fix


def test_hosts_that_are_alike_are_one_problem() -> None:
    steps = [Step("tailscale", name, "1.100.0", "1.102.5") for name in ("hub", "wing")]
    (problem,) = upgrades.differences([*steps])
    assert problem.where == "hub, wing"


def test_a_part_is_chosen_by_name_and_the_order_stays() -> None:
    assert upgrades.chosen("") == upgrades.PARTS
    assert upgrades.chosen("kubernetes,tailscale") == ("tailscale", "kubernetes")


def test_whom_others_need_comes_last_and_control_planes_come_before_workers() -> None:
    assert [host.name for host in upgrades.tailscale_order(SMALL)] == ["wing", "attic", "hub"]
    assert [host.name for host in upgrades.node_order(THREE)] == ["core1", "core2", "core3", "edge1", "edge2"]


def test_a_node_is_due_for_what_differs_what_has_not_begun_and_what_was_left() -> None:
    cluster = declaring(kubernetes="1.36.3")
    new = [replace(node, version="1.36.3") for node in NODES]

    def due(nodes: list[Node], *steps: Step, parts: tuple[str, ...] = EVERYTHING) -> list[str]:
        return [host.name for host in upgrades.due(cluster, steps, nodes, parts)]

    assert due(new) == []
    assert due(new, Step("containerd", "wing", "2.2.9", "2.3.7")) == ["wing"]
    assert due(new, Step("tailscale", "wing", "1.100.0", "1.102.5")) == []
    assert due([new[0], NODES[1], new[2]]) == ["wing"]
    left = [new[0], new[1], replace(new[2], in_upgrade=True)]
    assert due(left) == ["attic"]
    assert due(left, parts=("headscale",)) == []


def test_an_upgrade_waits_for_a_cluster_that_is_well() -> None:
    step, cluster = Step("kubernetes", "hub", "1.35.4", "1.36.3"), declaring(kubernetes="1.36.3")
    assert unfit(cluster, step) == ""
    assert "the API does not answer" in unfit(cluster, step, nodes=None)
    assert "it is not ready: away" in unfit(
        cluster, step, nodes=[*NODES[:2], replace(NODES[2], ready=False, reason="away")]
    )
    half_way = replace(NODES[2], ready=False, in_upgrade=True)
    assert unfit(cluster, step, nodes=[*NODES[:2], half_way]) == ""
    assert "3 minor versions older" in unfit(cluster, step, nodes=[replace(NODES[0], version="1.32.1")])
    assert "etcd on hub" in unfit(cluster, step, members=[Member("1", "hub", False)])
    assert "its members could not be listed" in unfit(cluster, step, members=None)
    tailscale = Step("tailscale", "hub", "1.96.2", "1.102.5")
    assert unfit(cluster, tailscale, members=None) == ""
    assert unfit(cluster, tailscale, parts=("tailscale", "headscale"), nodes=None, members=None) == ""


def test_what_only_leaves_out_must_go_with_the_rest() -> None:
    cluster = declaring(kubernetes="1.36.3", containerd="2.3.7", headscale="0.29.3", tailscale="1.102.5")
    kubernetes, containerd = Step("kubernetes", "hub", "1.35.4", "1.36.3"), Step("containerd", "hub", "2.1.9", "2.3.7")
    assert "--data only=…,containerd" in unfit(cluster, kubernetes, containerd, parts=("kubernetes",))
    assert unfit(cluster, kubernetes, containerd) == ""
    headscale, tailscale = Step("headscale", "hub", "0.28.0", "0.29.3"), Step("tailscale", "wing", "1.76.0", "1.102.5")
    assert "need tailscale 1.80 or newer" in unfit(cluster, headscale, tailscale, parts=("headscale",))


def test_what_is_not_offered_is_told_with_what_is() -> None:
    step = Step("kubernetes", "hub", "1.35.4", "1.36.9")
    problem = upgrade.not_offered(step, "kubeadm", "https://x/", ["1.36.10-1.1", "1.36.3-1.1", "1.35.1-1.1"])
    assert problem.fix == "declare one of its versions: 1.36.3, 1.36.10"
    assert "could not be read" in upgrade.not_offered(step, "kubeadm", "https://x/", None).what


def test_pods_that_nobody_starts_again_stop_it_before_any_change() -> None:
    pods = [Pod("web", "shop-1", "ReplicaSet", False), Pod("web", "try", "", False), Pod("web", "bye", "", True)]
    (problem,) = upgrade.unmanaged_pods("wing", pods)
    assert "would not start again: web/try" in problem.what
    assert upgrade.unmanaged_pods("wing", pods[:1]) == []


def test_the_preview_tells_the_order() -> None:
    steps = [
        Step("kubernetes", "hub", "1.35.4", "1.36.3"),
        Step("kubernetes", "wing", "1.35.4", "1.36.3"),
        Step("tailscale", "hub", "1", "2"),
    ]
    assert upgrades.summary(steps, ["hub", "wing"]) == [
        "tailscale 1 → 2: hub",
        "Kubernetes 1.35.4 → 1.36.3: hub, wing",
        "one node after the other: hub, wing",
    ]
