"""Base images: which one a host has, and its name in the cache."""

from __future__ import annotations

import pytest

from lab.world import images
from lab.world.images import Base, base_of
from tests.unit.lab.worlds import behind, world


@pytest.fixture(autouse=True)
def _on_amd64(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("plan", "images"):
        monkeypatch.setattr(f"lab.world.{module}.machine_architecture", lambda: "amd64")


def image(**rehearsal: object) -> Base:
    return base_of(world(away=behind("192.168.1.2", "192.0.2.9", 2222, rehearsal=rehearsal)).host("away"))


def test_hosts_of_one_kind_share_an_image() -> None:
    assert image(release="trixie", oddities=("swap",)) == image(release="trixie")
    assert image(release="trixie", machine="vm", oddities=("swap",)) == image(release="trixie", machine="vm")


def test_another_kind_release_architecture_or_package_is_another_image() -> None:
    kinds = [
        image(release="bookworm"),
        image(release="trixie"),
        image(release="trixie", oddities=("systemd-resolved",)),
        image(release="trixie", machine="vm"),
        image(release="trixie", machine="vm", architecture="arm64"),
        image(release="trixie", machine="vm", oddities=("ufw",)),
    ]
    assert len({base.name for base in kinds}) == len(kinds)


def test_a_machine_has_a_kernel_and_the_guest_agent_and_a_container_has_neither() -> None:
    machine, container = image(machine="vm", architecture="arm64"), image()
    assert {"linux-image-cloud-arm64", "qemu-guest-agent", "initramfs-tools"} <= set(machine.packages)
    assert not any("linux-image" in name or "qemu" in name for name in container.packages)
    assert "systemctl enable systemd-networkd" in machine.finish
    assert "networkd" not in container.finish


def test_an_oddity_brings_its_packages_once() -> None:
    base = image(machine="vm", oddities=("netplan", "cloud-init", "no-memory-cgroup"))
    assert base.added == ("cloud-init", "netplan.io")
    assert base.label.endswith("with a kernel for amd64 and cloud-init and netplan.io")


def test_ufw_takes_the_place_of_the_other_that_loads_rules() -> None:
    assert "iptables-persistent" in image(machine="vm").packages
    assert "iptables-persistent" not in image(machine="vm", oddities=("ufw",)).packages


def test_only_a_foreign_image_is_built_under_an_emulator(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "BINFMT", tmp_path)
    assert images.builder(image(machine="vm")) == []
    words = images.builder(image(machine="vm", architecture="arm64"))
    assert words[0] == "lxc-usernsexec"
    assert "/usr/lib/binfmt.d/qemu-aarch64.conf" in words[-2]


def test_an_emulator_that_this_machine_has_registered_serves(
    tmp_path: images.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "BINFMT", tmp_path)
    (tmp_path / "qemu-aarch64").write_text("enabled\n")
    assert images.builder(image(machine="vm", architecture="arm64")) == []
