from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cluster.documents import containerd, headscale, host_names
from cluster.inventory.declare import declare
from cluster.model import Cluster
from cluster.problems import ModelError
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
        "twelve-hosts",
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


def warned(cluster: Cluster) -> str:
    return "\n".join(cluster.warnings)


class TestWhatIsReal:
    """Inventories of real hosts that were refused once, or that nothing was said about."""

    def test_a_gateway_at_home(self) -> None:
        ports = ["80/tcp", "443/tcp", "3478/udp"]
        cluster = declare(
            spoiled(
                {
                    "hub": {"roles": ["worker"]},
                    "den": {"roles": ["gateway", "coordinator"], "forwarded_ports": ports},
                    "nook": {"in": "home", "lan_address": "192.168.9.6", "ssh_hostname": "192.0.2.9", "ssh_port": 2202},
                }
            )
        )
        den, nook, hub = cluster.host("den"), cluster.host("nook"), cluster.host("hub")
        assert (den.internet_address, str(den.address_for(443, "tcp"))) == (None, "192.0.2.9")
        assert den.address_for(41641, "udp") is None
        # Not every router turns a call back into the LAN.
        assert host_names.entries(cluster, nook, {})["192.168.9.5"] == ["mesh.example.org"]
        assert not any("mesh.example.org" in names for names in host_names.entries(cluster, hub, {}).values())
        assert headscale.derp_map(cluster)["coordinator_public"] == "192.0.2.9"

    def test_two_lans_behind_one_router(self) -> None:
        loft = {"site": "loft", "lan": "192.168.10.0/24", "nat": "masquerade", "lan_address": "192.168.10.5"}
        way = {"public_address": "192.0.2.9", "ssh_hostname": "192.0.2.9", "ssh_port": 2202}
        assert declare(spoiled({"loft": {**loft, **way}})).warnings == ()

    def test_two_homes_with_one_lan_each_behind_its_bastion(self) -> None:
        loft = {"site": "loft", "lan": "192.168.9.0/24", "nat": "masquerade", "lan_address": "192.168.9.5"}
        way = {"ssh_hostname": "192.168.9.5", "ssh_config_file": "loft.conf"}
        den = {"ssh_hostname": "192.168.9.5", "ssh_config_file": "den.conf", "ssh_port": "REMOVED"}
        assert "overlaps" in warned(declare(spoiled({"loft": {**loft, **way}, "den": den})))
        with pytest.raises(ModelError, match="leads to den too"):
            declare(spoiled({"loft": {**loft, **way, "ssh_config_file": "den.conf"}, "den": den}))

    def test_a_server_with_its_public_address_on_its_card(self) -> None:
        far = {
            "site": "vps",
            "lan": "198.51.100.7/32",
            "nat": "none",
            "lan_address": "198.51.100.7",
            "ssh_hostname": "198.51.100.7",
        }
        cluster = declare(spoiled({"far": far}))
        assert str(cluster.host("far").internet_address) == "198.51.100.7"
        assert cluster.routes_of(cluster.host("far")) == ()
        assert "far" not in cluster.advertised_lan_addresses

    def test_a_host_of_a_cloud_without_a_public_address(self) -> None:
        cluster = declare(
            spoiled({"limb": {"public_address": None, "ssh_hostname": "limb", "ssh_config_file": "cloud.conf"}})
        )
        assert cluster.host("limb").internet_address is None

    @pytest.mark.parametrize("network", ["100.64.0.0/10", "100.100.0.0/16", "100.96.0.0/11"])
    def test_a_large_tailnet(self, network: str) -> None:
        assert str(declare(spoiled({"all": {"tailnet_cidr": network}})).tailnet_cidr) == network

    def test_an_ipv6_address_as_the_way_in(self) -> None:
        assert declare(spoiled({"limb": {"ssh_hostname": "2001:db8::5"}})).host("limb").ssh_hostname == "2001:db8::5"

    @pytest.mark.parametrize(
        ("changes", "is_warned"),
        [
            ({}, False),
            ({"limb": {"roles": []}, "den": {"roles": []}}, True),
            ({"limb": {"roles": []}, "den": {"roles": []}, "brain": {"taints": []}}, False),
            ({name: {"taints": [{"key": "slow"}]} for name in ("limb", "den")}, True),
            ({name: {"taints": [{"key": "slow", "effect": "PreferNoSchedule"}]} for name in ("limb", "den")}, False),
        ],
    )
    def test_nodes_that_take_no_ordinary_pod(self, changes: dict[str, Any], is_warned: bool) -> None:
        assert ("keeps ordinary pods away" in warned(declare(spoiled(changes)))) is is_warned

    def test_blocked_means_all_names_below_it(self) -> None:
        site = declare(spoiled({"home": {"blocked": ["io", "docker.com"], "mirrors": ALL_MIRRORS}})).host("den").site
        assert [site.blocks(name) for name in ("ghcr.io", "registry.k8s.io", "download.docker.com", "github.com")] == [
            *(True, True, True, False)
        ]
        assert 'server = "https://ghcr.m"' in containerd.hosts_file("ghcr.io", site)


ALL_MIRRORS = {
    "kubernetes": "https://k.m",
    "docker": "https://d.m",
    "tailscale": "push",
    "files": "https://f.m",
    "registries": {"ghcr.io": ["https://ghcr.m"], "registry.k8s.io": ["https://k8s.m/v2/k8s", "https://m.example/k8s"]},
}


def test_the_path_of_a_registrys_mirror() -> None:
    site = declare(spoiled({"home": {"mirrors": ALL_MIRRORS}})).host("den").site
    text = tomllib.loads(containerd.hosts_file("registry.k8s.io", site))
    assert text["server"] == "https://registry.k8s.io"
    assert text["host"]["https://k8s.m/v2/k8s"] == {"capabilities": ["pull", "resolve"], "override_path": True}
    assert text["host"]["https://m.example/k8s"] == {"capabilities": ["pull", "resolve"]}
    blocked = declare(spoiled({"home": {"mirrors": ALL_MIRRORS, "blocked": ["registry.k8s.io"]}})).host("den").site
    text = tomllib.loads(containerd.hosts_file("registry.k8s.io", blocked))
    assert (text["server"], text["override_path"]) == ("https://k8s.m/v2/k8s", True)
