"""From older versions to newer ones: the deploy refuses, the task previews, does it, and goes on where it was killed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.load_inventory import load
from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.counter import counted
from tests.lab.tasks import DAY_TWO, does_what_it_previews, killed_at_each, kubectl, plan, run

pytestmark = [pytest.mark.lab, pytest.mark.long]
OLD = {
    "kubernetes": "1.35.4",
    "headscale": "0.28.0",
    "tailscale": "1.102.3",
    "containerd": "2.2.9",
    "flannel": "0.28.9",
}
NEW = {
    "kubernetes": "1.36.3",
    "headscale": "0.29.3",
    "tailscale": "1.102.5",
    "containerd": "2.3.7",
    "flannel": "0.28.10",
}
ALSO = [word for part, version in NEW.items() for word in ("--also", f"{part}={version}")]


def declare(folder: Path, versions: dict[str, str], like: Path = DAY_TWO) -> None:
    """The inventory `like` (the small one), with these versions."""
    shutil.copytree(like.parent / "group_data", folder / "group_data", dirs_exist_ok=True)
    shutil.copy(like, folder / "inventory.py")
    with (folder / "group_data" / "all.py").open("a") as everybody:
        everybody.write("".join(f'{part}_version = "{version}"\n' for part, version in versions.items()))


@pytest.fixture(scope="module")
def world(watched: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("upgrade")
    declare(folder, OLD)
    for made in rehearsal(folder / "inventory.py", "test-17", watched, *ALSO):
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def declared(world: Rehearsal, versions: dict[str, str]) -> None:
    declare(world.inventory.parent, versions)
    world.cluster = load(world.inventory)


def is_upgraded(world: Rehearsal) -> None:
    """Every node has the new kubelet, takes pods, and is no longer marked; nothing is left to do, for anybody."""
    versions = kubectl(world, "get nodes -o jsonpath='{.items[*].status.nodeInfo.kubeletVersion}'").split()
    assert versions == [f"v{NEW['kubernetes']}"] * len(world.cluster.nodes)
    assert "SchedulingDisabled" not in kubectl(world, "get nodes")
    assert "in-upgrade" not in kubectl(world, "get nodes -o yaml")
    assert plan(world, "upgrade") == {}
    common.preview_lists_nothing(world)
    world.must("verify", "--wait", "120", timeout=600)


def test_the_deploy_stops_before_any_change(world: Rehearsal) -> None:
    declared(world, NEW)
    result = world.lab("deploy")
    assert result.returncode == 1
    for part in OLD:
        assert f"{part}_version is {NEW[part]}" in result.output
    assert "tasks/upgrade.py" in result.output
    assert "Starting operation" not in result.output


def test_a_node_by_itself_is_held_to_the_version_of_the_api(world: Rehearsal) -> None:
    api, worker = world.cluster.control_planes[0].name, world.cluster.nodes[-1].name
    result = world.pyinfra("-y", "deploy.py", "--limit", worker)
    assert result.returncode == 1
    assert f"{worker}, {api}\n      what  Kubernetes {OLD['kubernetes']} is installed" in result.output
    assert "Starting operation" not in result.output


@pytest.mark.parametrize(
    ("part", "version", "said"),
    [
        ("kubernetes", "1.37.2", "kubeadm upgrades one minor version at a time"),
        ("kubernetes", "1.36.99", "declare one of its versions"),
        ("headscale", "0.27.1", "headscale refuses a database that a newer version has changed"),
        ("tailscale", "1.98.0", "an older version may not read"),
        ("tailscale", "1.102.99", "declare one of its versions"),
    ],
)
def test_what_can_not_be_is_refused_before_any_change(world: Rehearsal, part: str, version: str, said: str) -> None:
    # A newer Kubernetes wants a newer containerd: not what is asked here.
    declared(world, {**OLD, "containerd": NEW["containerd"], part: version})
    result = run(world, "upgrade")
    assert result.returncode == 1
    assert said in result.output
    assert "nothing was changed" in result.output
    assert "Starting operation" not in result.output


def test_a_part_may_be_upgraded_by_itself(world: Rehearsal) -> None:
    declared(world, NEW)
    with counted(world, "the upgrade of tailscale and headscale"):
        does_what_it_previews(world, "upgrade", "only=tailscale,headscale")
    assert plan(world, "upgrade")


def test_an_upgrade_does_what_it_previews_and_leaves_nothing_to_do(world: Rehearsal) -> None:
    with counted(world, "the upgrade of containerd and Kubernetes"):
        does_what_it_previews(world, "upgrade")
    is_upgraded(world)


@pytest.mark.timeout(7200)
def test_an_upgrade_that_is_killed_at_its_operations_ends_as_if_it_had_not_been(world: Rehearsal) -> None:
    declared(world, NEW)
    if not plan(world, "upgrade"):
        # There is no other way back; a reset leaves containerd, as one that others may use.
        assert run(world, "reset", f"yes={world.cluster.cluster_name}").returncode == 0
        declared(world, {**OLD, "containerd": NEW["containerd"]})
        world.must("deploy")
        declared(world, NEW)
    killed_at_each(world, "upgrade")
    is_upgraded(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
