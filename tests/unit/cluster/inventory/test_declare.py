from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.inventory.declare import declare
from cluster.model import Cluster
from lab.load_inventory import load
from tests.places import PROJECT
from tests.unit.cluster.inventory.test_errors import spoiled

INVENTORIES = [PROJECT / "inventory.py", *sorted((PROJECT / "tests" / "inventories").glob("*/inventory.py"))]


@pytest.fixture(scope="module", params=INVENTORIES, ids=lambda path: path.parent.name)
def declared(request: pytest.FixtureRequest) -> Cluster:
    return load(request.param)


def test_every_shipped_inventory_is_right(declared: Cluster) -> None:
    assert declared.hosts
    assert declared.gateway.is_gateway
    assert declared.control_planes
    assert json.dumps(declared.to_json())


def test_all_inventories_are_covered() -> None:
    assert {path.parent.name for path in INVENTORIES[1:]} >= {
        "two-sites",
        "one-site",
        "five-sites",
        "three-control-planes",
    }


def test_the_reference_rehearses_what_life_brings() -> None:
    cluster = load(PROJECT / "inventory.py")
    releases = {host.name: host.rehearsal.release for host in cluster.hosts}
    oddities = [oddity for host in cluster.hosts for oddity in host.rehearsal.oddities]
    assert set(releases.values()) == {"bullseye", "bookworm", "trixie"}
    assert releases[cluster.coordinator.name] != "bullseye"
    assert sorted(oddities) == ["foreign-chains", "old-containerd", "swap", "systemd-resolved"]
    assert [host.rehearsal.release for host in cluster.nodes if host.runtime_source == "distribution"] == ["trixie"]


def test_the_coordinator_is_its_own_gateway_where_none_is_declared() -> None:
    cluster = load(PROJECT / "tests" / "inventories" / "two-sites" / "inventory.py")
    assert cluster.gateway == cluster.coordinator
    assert cluster.gateway.roles == ("gateway", "coordinator", "control_plane")
    assert cluster.server_url == "https://vpn.atelier.example:8443"


def test_data_pass_through_json() -> None:
    data = spoiled({})
    assert declare(json.loads(json.dumps(data))) == declare(data)


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda path: path.parent.name)
def test_python_blocks_of_data_are_json(inventory: Path) -> None:
    command = [sys.executable, "-m", "engine.inventory", str(inventory)]
    printed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    assert set(json.loads(printed)) == {host.name for host in load(inventory).hosts}
