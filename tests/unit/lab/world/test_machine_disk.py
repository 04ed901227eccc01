"""A machine's own files on its disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.world import machine_disk
from lab.world.overlay import Overlay
from lab.world.plan import WorldPlan
from lab.world.quirks import swap, ufw, unattended_upgrades
from tests.unit.lab.worlds import OPEN, behind, world

NETWORKD = """[Match]
MACAddress={mac}

[Network]
Address=192.168.1.2/24

[Route]
Gateway=192.168.1.254
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Overlay:
    (tmp_path / "base" / "etc" / "ufw").mkdir(parents=True)
    return Overlay(tmp_path / "base", tmp_path / "upper")


def declared(**rehearsal: Any) -> WorldPlan:
    return world(away=behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"machine": "vm", **rehearsal}))


def test_systemd_networkd_finds_the_card_by_its_address() -> None:
    planned = declared()
    host = planned.host("away")
    assert machine_disk.networkd(planned, host) == NETWORKD.format(mac=host.mac)


def test_a_public_address_of_its_own_is_the_source_to_the_internet() -> None:
    planned = world(own={**OPEN, "lan_address": "10.9.0.2", "public_address": "192.0.2.7", "ssh_hostname": "192.0.2.7"})
    text = machine_disk.networkd(planned, planned.host("own"))
    assert "Address=10.9.0.2/24\nAddress=192.0.2.7/32\n" in text
    assert text.endswith("PreferredSource=192.0.2.7\n")
    plan: Any = machine_disk.netplan(planned, planned.host("own"))
    assert plan["ethernets"]["lan"]["routes"][0]["from"] == "192.0.2.7"


def test_netplan_has_the_same_and_the_world_s_name_server(overlay: Overlay) -> None:
    planned = declared(oddities=("netplan",))
    host = planned.host("away")
    machine_disk.write_netplan(overlay, planned, host)
    card = json.loads(overlay.read("etc/netplan/50-lab.yaml"))["network"]["ethernets"]["lan"]
    assert card["addresses"] == ["192.168.1.2/24"]
    assert card["nameservers"] == {"addresses": [str(planned.dns)]}
    assert (overlay.upper / "etc/netplan/50-lab.yaml").stat().st_mode & 0o777 == 0o600


def test_a_cloud_names_the_host_at_each_boot(overlay: Overlay) -> None:
    planned = declared(oddities=("netplan", "cloud-init"))
    machine_disk.write_seed(overlay, planned, planned.host("away"))
    assert "local-hostname: instance-2\n" in overlay.read(f"{machine_disk.SEED}/meta-data")
    assert "manage_etc_hosts: true\n" in overlay.read(f"{machine_disk.SEED}/user-data")
    assert json.loads(overlay.read(f"{machine_disk.SEED}/network-config"))["version"] == 2
    assert next(iter(machine_disk.NETWORKS)) == "cloud-init"


def test_fstab_names_the_root_and_a_swap_file_without_holes(overlay: Overlay, monkeypatch: pytest.MonkeyPatch) -> None:
    machine_disk.write_fstab(overlay)
    assert overlay.read("etc/fstab").splitlines()[1:] == [machine_disk.ROOT]
    (overlay.upper / "etc/fstab").unlink()
    (overlay.base / "etc/fstab").write_text("")
    monkeypatch.setattr(machine_disk, "SWAP_SIZE", 1 << 20)
    swap(overlay, declared(), declared().host("away"))
    machine_disk.write_fstab(overlay)
    assert overlay.read("etc/fstab").splitlines()[1:] == ["/swapfile none swap sw 0 0", machine_disk.ROOT]
    content = (overlay.upper / "swapfile").read_bytes()
    assert len(content) == 1 << 20
    assert b"SWAPSPACE2" in content
    assert b"\0" * 4096 not in content[8192:]


def test_ufw_lets_in_the_port_that_sshd_listens_on(overlay: Overlay) -> None:
    (overlay.base / "etc/ufw/user.rules").write_text("*filter\n:ufw-user-input - [0:0]\n### RULES ###\nCOMMIT\n")
    ufw(overlay, declared(), declared().host("away"))
    assert "-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n" in overlay.read("etc/ufw/user.rules")
    assert "ENABLED=yes\n" in overlay.read("etc/ufw/ufw.conf")


def test_upgrades_begin_with_the_boot(overlay: Overlay) -> None:
    unattended_upgrades(overlay, declared(), declared().host("away"))
    assert "OnBootSec=1min" in overlay.read("etc/systemd/system/apt-daily-upgrade.timer.d/lab.conf")
    assert (overlay.upper / "etc/systemd/system/timers.target.wants/apt-daily.timer").is_symlink()
