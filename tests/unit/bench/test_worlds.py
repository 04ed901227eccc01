"""The worlds that are measured: generated inventories, pairs of nodes, scripts of the floor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import floor, growth, pods, snapshot
from cluster.install_plan import kubelet_settings
from cluster.inventory.declare import declare
from cluster.model import Cluster
from cluster.sources import Pins
from lab.load_inventory import load

ONE = {"site": "cloud", "lan": "10.0.0.0/24", "nat": "one_to_one"}
HOME = {"site": "home", "lan": "192.168.1.0/24", "nat": "masquerade", "mirrors": {"tailscale": "push"}}
ALL = {
    "coordination_name": "mesh.example.org", "acme_email": "a@example.org", "kubernetes_version": "1.36.3",
    "exceptions": ("container", "cgroup-v1", "small-memory"),
}  # fmt: skip


def cluster() -> Cluster:
    def host(number: int, site: dict[str, object], **data: object) -> dict[str, object]:
        address = f"198.51.100.{number}"
        return {
            **ALL,
            **site,
            "lan_address": f"{str(site['lan'])[:-4]}{number}",
            "public_address": address,
            "ssh_hostname": address,
            **data,
        }

    return declare(
        {
            "edge": host(1, ONE, roles=("gateway", "coordinator")),
            "head": host(2, ONE, roles=("control_plane",), taints=()),
            "hand": host(3, ONE),
            "away": host(4, HOME),
        }
    )


@pytest.mark.parametrize("size", [3, 6, 24, 96])
def test_a_grown_inventory_is_a_valid_cluster(tmp_path: Path, size: int) -> None:
    growth.write_inventory(tmp_path, size, "1.36.3")
    whole = load(tmp_path / "inventory.py")
    assert len(whole.hosts) == size
    assert len(whole.sites) == 3


def test_each_pair_of_sites_has_its_nodes_and_who_is_behind_a_nat_sends() -> None:
    found = [(pair.sender.name, pair.receiver.name, pair.plain) for pair in pods.pairs(cluster())]
    assert found == [("head", "hand", "10.0.0.3"), ("away", "hand", "198.51.100.3")]


def test_every_host_has_a_script_that_a_shell_can_read() -> None:
    whole = cluster()
    decisions = {node.name: kubelet_settings("v1", "lxc", node.exceptions) for node in whole.nodes}
    plan = floor.Plan(whole, decisions, "abcdef.0123456789abcdef", "amd64", {"/etc/b": b"own"}, Pins())
    files = [snapshot.File(path, "0644", "root", "root", path.encode()) for path in ("/etc/a", "/etc/b")]
    found = snapshot.Snapshot(files, {"tailscale": "1.2"}, ["u.service"])
    texts = {host.name: floor.script(plan, host.name, found) for host in whole.hosts}
    for text in texts.values():
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    assert "kubeadm init" in texts["head"]
    assert "kubeadm join" in texts["hand"]
    assert "kubeadm" not in texts["edge"]
    assert "tailscale=1.2" in texts["head"]
    assert floor.PUSHED in texts["away"]
    assert "kind: DaemonSet" in texts["head"]
    assert "enable -q u.service" in texts["head"]
    assert "b3du" in texts["edge"]  # base64 of the content that takes the deployed one's place


def test_quick_is_each_thing_once() -> None:
    assert command.parse(["idle", "--quick"]).repeat == 1
    assert command.parse(["idle", "--quick"]).delays == [100.0]
    assert command.parse(["idle"]).delays == [0.0, 100.0, 200.0]
    assert command.parse(["growth", "--sizes", "3"]).sizes == [3]


def test_a_snapshot_reads_back_what_its_script_prints(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("some = thing\n")
    (tmp_path / "a.conf").chmod(0o640)
    text = snapshot.SCRIPT.replace("/etc/modules-load.d/isthmus.conf", f"{tmp_path}/absent {tmp_path}/*.conf")
    printed = subprocess.run(["sh", "-s"], input=text, capture_output=True, text=True, check=True).stdout
    (found,) = (file for file in snapshot.parse(printed).files if file.path.startswith(str(tmp_path)))
    assert (found.path, found.mode, found.content) == (f"{tmp_path}/a.conf", "0640", b"some = thing\n")
    parsed = snapshot.parse("file 600 root adm /etc/a YQ==\npackage nginx 1.2\nunit nginx.service\n")
    assert parsed == snapshot.Snapshot(
        [snapshot.File("/etc/a", "0600", "root", "adm", b"a")], {"nginx": "1.2"}, ["nginx.service"]
    )
