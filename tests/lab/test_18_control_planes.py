"""Three control planes behind a gateway: any of them may be away, one may leave and come back, and etcd keeps its quorum."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cluster import versions
from cluster.model import Cluster
from lab.load_inventory import load
from tests.lab import common
from tests.lab import test_16_backup as keeping
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.counter import counted
from tests.lab.tasks import (
    VERBS,
    does_what_it_previews,
    killed_at_each,
    run,
    verb_does_what_it_previews,
    wait_for_ssh,
)
from tests.places import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]
OLDER = "1.35.4"
DECLARED = PROJECT / "tests" / "inventories" / "three-control-planes"


@pytest.fixture(scope="module")
def world(watched: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The declared one with a version that the default one follows."""
    folder = tmp_path_factory.mktemp("inventory") / "three"
    shutil.copytree(DECLARED, folder)
    shared = folder / "group_data" / "all.py"
    lines = [line for line in shared.read_text().splitlines() if not line.startswith("kubernetes_version")]
    shared.write_text("\n".join([*lines, f'kubernetes_version = "{OLDER}"', ""]))
    also = ("--also", f"kubernetes={versions.DEFAULT_KUBERNETES}")
    yield from rehearsal(folder / "inventory.py", "test-18", watched, *also)


def answers(world: Rehearsal, count: int = 6) -> list[str]:
    """What a worker hears that asks the API by its name, that many times."""
    cluster = world.cluster
    worker = next(node for node in cluster.nodes if not node.is_control_plane)
    ask = f"curl -sk -m 10 -o /dev/null -w '%{{http_code}}\\n' https://{cluster.api_endpoint_name}:{cluster.api_port}/readyz"
    return world.on(worker, f"for i in $(seq {count}); do {ask}; done").stdout.split()


def first_three(cluster: Cluster) -> tuple[str, str, str]:
    first, second, third = (host.name for host in cluster.control_planes)
    return first, second, third


def nodes(world: Rehearsal, at: str) -> set[str]:
    """The names of all nodes, asked there."""
    said = world.on(
        at, "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl get nodes -o json"
    ).stdout
    return {item["metadata"]["name"] for item in json.loads(said)["items"]}


def test_deploy_ends_with_a_verified_cluster_and_a_second_run_changes_nothing(world: Rehearsal) -> None:
    world.must("deploy")
    world.must("verify", "--wait", "90")
    common.second_run_changes_nothing(world)
    common.preview_lists_nothing(world)


def test_the_api_is_open_at_the_gateway_to_the_tailnet_only(world: Rehearsal) -> None:
    cluster = world.cluster
    gateway, (neighbour, *_) = cluster.gateway, cluster.control_planes
    ask = (
        f"curl -sk -m 5 -o /dev/null -w '%{{http_code}}' https://{gateway.lan_address}:{cluster.api_port}/readyz; true"
    )
    assert world.on(neighbour, ask).stdout == "000"
    # The way around: its tailnet address, sent to it by the LAN.
    inside = world.tailnet_addresses()[gateway.name]
    around = (
        f"ip route add {inside}/32 via {gateway.lan_address} table 77; ip rule add to {inside} priority 77 lookup 77; "
        f"curl -sk -m 5 -o /dev/null -w '%{{http_code}}' https://{inside}:{cluster.api_port}/readyz; "
        "ip rule del priority 77; ip route flush table 77; true"
    )
    assert world.on(neighbour, around).stdout == "000"
    assert answers(world) == ["200"] * 6


def test_the_api_answers_by_its_name_while_the_first_control_plane_is_off(world: Rehearsal) -> None:
    first, second, third = first_three(world.cluster)
    world.must("power", "off", first)
    try:
        heard = answers(world, 20)
        # Where the one that is off led etcd, the others choose another first, and say meanwhile that they are not ready.
        ready = heard[heard.index("200") :]
        assert set(heard[: -len(ready)]) <= {"500"}
        assert ready == ["200"] * len(ready)
        assert len(ready) >= 15
        refused = world.pyinfra(
            "-y", "--exclude", first, "tasks/remove_host.py", "--data", f"host={third}", "--data", f"yes={third}"
        )
        assert refused.returncode == 1
        assert f"{first} does not" in refused.output
        assert {first, second, third} <= nodes(world, second)
    finally:
        world.must("power", "on", first)
    world.must("verify", "--wait", "180", timeout=600)


def test_the_first_control_plane_leaves_and_joins_again(world: Rehearsal) -> None:
    first, second, _ = first_three(world.cluster)
    does_what_it_previews(world, "remove_host", f"host={first}", confirm=first)
    assert first not in nodes(world, second)
    assert answers(world) == ["200"] * 6
    world.must("deploy")
    assert first in nodes(world, second)
    world.must("verify", "--wait", "120", timeout=600)
    common.second_run_changes_nothing(world)


def test_one_that_is_dead_leaves_and_is_replaced(world: Rehearsal) -> None:
    first, _, third = first_three(world.cluster)
    world.must("power", "off", third)
    assert run(world, "remove_host", f"host={third}", f"yes={third}").returncode == 0
    assert third not in nodes(world, first)
    assert answers(world) == ["200"] * 6
    # Its kubelet waits for a tailnet that it is no part of any more, so it does not finish to boot until it is cleaned, too.
    with ThreadPoolExecutor(1) as beside:
        booting = beside.submit(world.lab, "power", "on", third)
        wait_for_ssh(world, third)
        assert run(world, "remove_host", f"host={third}", f"yes={third}").returncode == 0
        assert booting.result().returncode == 0
    world.must("deploy")
    world.must("verify", "--wait", "120", timeout=600)


def test_a_removal_that_is_killed_at_each_operation_ends_as_if_it_had_not_been(world: Rehearsal) -> None:
    first, second, _ = first_three(world.cluster)
    killed_at_each(world, "remove_host", f"host={first}", f"yes={first}")
    assert first not in nodes(world, second)
    world.must("deploy")
    world.must("verify", "--wait", "120", timeout=600)


def test_power_cut_of_all_hosts_heals_by_itself(world: Rehearsal) -> None:
    common.heals_after_a_power_cut(world)
    assert answers(world) == ["200"] * 6


@pytest.mark.parametrize("task", VERBS)
def test_a_task_does_what_it_previews(world: Rehearsal, task: str) -> None:
    verb_does_what_it_previews(world, task)


def test_one_backup_brings_all_three_back(world: Rehearsal, tmp_path: Path) -> None:
    with keeping.brought_back(world, keeping.written_key(tmp_path)):
        pass
    common.preview_lists_nothing(world)


def test_an_upgrade_goes_from_one_to_the_next(world: Rehearsal) -> None:
    with (world.inventory.parent / "group_data" / "all.py").open("a") as shared:
        shared.write(f'kubernetes_version = "{versions.DEFAULT_KUBERNETES}"\n')
    world.cluster = load(world.inventory)
    with counted(world, "the upgrade of three control planes and their workers"):
        does_what_it_previews(world, "upgrade")
    world.must("verify", "--wait", "120", timeout=600)
    common.preview_lists_nothing(world)


def test_all_of_it_may_be_reset(world: Rehearsal) -> None:
    does_what_it_previews(world, "reset", confirm=world.cluster.cluster_name)
    common.hosts_are_clean(world)
    world.must("deploy")
    world.must("verify", "--wait", "120", timeout=600)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
