"""What the kernels of boards, images and containers lack is said before the first change, with a fix that works when it is typed."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cluster.model import Host
from cluster.observed import kernel as observed
from cluster.observed.survey import Survey
from cluster.preflight import kernel
from cluster.problems import Problem
from tests.places import CASES
from tests.unit.cluster.preflight.test_hosts import CLUSTER, GATEWAY, GOOD, NODE

VXLAN = CLUSTER.model_copy(update={"pod_network": "vxlan"})
LXC = replace(GOOD, container="lxc")
BOARD = replace(GOOD, kernel="5.10.160-rockchip")
UBUNTU = replace(GOOD, release_id="ubuntu", release_version="22.04", kernel="5.15.0-1034-raspi")


def case(name: str) -> observed.Kernel:
    return observed.parse(yaml.safe_load((CASES / "facts" / "kernel.Kernel" / f"{name}.yaml").read_text())["output"])


def found(name: str, survey: Survey = GOOD, host: Host = NODE) -> list[Problem]:
    return kernel.problems(host, survey, case(name))


def test_a_module_is_needed_only_for_what_is_declared() -> None:
    assert "vxlan" not in kernel.modules(CLUSTER, NODE)
    assert "vxlan" in kernel.modules(VXLAN, NODE)
    assert kernel.modules(VXLAN, GATEWAY) == ("nf_tables",)
    assert "wireguard" not in kernel.modules(VXLAN, NODE)


@pytest.mark.parametrize("name", ["all_built_in_without_files_of_modules", "v2_only_kernel"])
def test_what_is_built_in_or_only_in_one_list_is_there(name: str) -> None:
    assert found(name) == []


@pytest.mark.parametrize(
    ("name", "survey", "where", "fix"),
    [
        (
            "raspberry_pi_os_12",
            GOOD,
            ["n memory cgroup"],
            "cgroup_enable=memory/' /boot/firmware/cmdline.txt && sudo reboot",
        ),
        (
            "ubuntu_22_04_on_a_pi_without_extra_modules",
            UBUNTU,
            ["n kernel module vxlan"],
            "linux-modules-extra-5.15.0-1034-raspi",
        ),
        (
            "ubuntu_22_04_on_a_pi_without_extra_modules",
            UBUNTU,
            ["n kernel module vxlan"],
            'or write pod_network = "routed"',
        ),
        (
            "board_with_the_vendors_kernel",
            BOARD,
            ["n kernel module nf_tables", "n kernel module br_netfilter", "n /boot"],
            "boot a kernel that was built with nf_tables: the board's newest one, or use another machine",
        ),
        ("kernel_upgraded_and_not_booted", GOOD, ["n kernel"], "sudo reboot"),
        (
            "hardened",
            GOOD,
            ["n kernel module overlay"],
            "install[[:space:]]+overlay[[:space:]]/d' /etc/modprobe.d/60-cis.conf",
        ),
        (
            "modules_locked",
            GOOD,
            ["n kernel module br_netfilter"],
            "/etc/modules-load.d/br_netfilter.conf && sudo reboot",
        ),
        ("board_without_pids_and_cpusets", GOOD, ["n cpuset cgroup"], "cpuset, pids"),
        ("container_of_proxmox", LXC, ["n /dev/kmsg"], "lxc.mount.entry = /dev/kmsg"),
        ("raspberry_pi_in_overlay_mode", GOOD, ["n /boot/firmware", "n /"], "remount,rw /boot/firmware"),
        ("root_remounted_after_an_error", GOOD, ["n /"], "remount,rw /;"),
    ],
)
def test_each_kind_is_named_with_its_fix(name: str, survey: Survey, where: list[str], fix: str) -> None:
    problems = found(name, survey)
    assert [problem.where for problem in problems] == where
    assert fix in problems[0].fix


@pytest.mark.parametrize(
    ("kernel_release", "package"),
    [
        ("6.1.0-25-arm64", "linux-image-arm64"),
        ("6.12.43+deb13-cloud-arm64", "linux-image-arm64"),
        ("6.6.31+rpt-rpi-v8", "linux-image-6.6.31+rpt-rpi-v8"),
        ("6.1.21-v8+", "raspberrypi-kernel"),
    ],
)
def test_a_missing_module_comes_with_the_images_own_kernel(kernel_release: str, package: str) -> None:
    problem = found("board_with_the_vendors_kernel", replace(GOOD, kernel=kernel_release))[0]
    assert problem.fix == f"sudo apt-get update && sudo apt-get install --reinstall {package} && sudo reboot"


def test_an_overlay_root_is_switched_off_by_the_tool_that_switched_it_on() -> None:
    assert "raspi-config nonint disable_overlayfs" in found("raspberry_pi_in_overlay_mode")[1].fix
    other = replace(case("raspberry_pi_in_overlay_mode"), overlay_root="overlayroot=tmpfs")
    assert "overlayroot-chroot" in kernel.problems(NODE, GOOD, other)[1].fix
    assert [problem.where for problem in kernel.problems(NODE, LXC, other)] == ["n /boot/firmware"]


def test_a_host_without_pods_needs_neither_controllers_nor_kmsg() -> None:
    assert found("raspberry_pi_os_12", host=GATEWAY) == []
    asked = replace(case("container_of_proxmox"), modules={"nf_tables": "unknown"})
    assert kernel.problems(GATEWAY, LXC, asked) == []


def test_a_boot_that_is_mounted_read_only_stays_so_when_all_is_installed() -> None:
    at_rest = replace(case("board_with_the_vendors_kernel"), installed=("tailscaled", "kubelet"), modules={})
    assert kernel.problems(NODE, GOOD, at_rest) == []


BOOT_FILES = {
    # Raspberry Pi OS 12.
    "/boot/firmware/cmdline.txt": (
        "console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait cgroup_disable=memory\n",
        "console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait"
        " cgroup_memory=1 cgroup_enable=memory\n",
    ),
    "/boot/armbianEnv.txt": (
        "verbosity=1\noverlay_prefix=rockchip\nextraargs=usbcore.autosuspend=-1\n",
        "verbosity=1\noverlay_prefix=rockchip\nextraargs=usbcore.autosuspend=-1 cgroup_memory=1 cgroup_enable=memory\n",
    ),
    "/boot/orangepiEnv.txt": ("verbosity=1\n", "verbosity=1\nextraargs= cgroup_memory=1 cgroup_enable=memory\n"),
    "/boot/extlinux/extlinux.conf": (
        "label l0\n\tlinux /vmlinuz\n\tappend root=UUID=1 cgroup_disable=memory quiet\n",
        "label l0\n\tlinux /vmlinuz\n\tappend root=UUID=1 quiet cgroup_memory=1 cgroup_enable=memory\n",
    ),
    "/etc/kernel/cmdline": ("root=UUID=1 ro\n", "root=UUID=1 ro cgroup_memory=1 cgroup_enable=memory\n"),
}


def type_fix(folder: Path, file: str, text: str) -> Path:
    """Type the fix with the file in a folder of its own, without what needs root or a boot loader."""
    there = replace(case("raspberry_pi_os_12"), boot_files=(file,))
    (problem,) = kernel.problems(NODE, GOOD, there)
    path = folder / file.removeprefix("/")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    typed = re.sub(r"&& sudo (reboot|update-grub|kernel-install add.*?)(?= &&|$)", "", problem.fix)
    typed = typed.replace(file, str(path)).replace("sudo ", "")
    subprocess.run(["sh", "-c", typed], check=True, timeout=20)
    return path


@pytest.mark.parametrize("file", BOOT_FILES)
def test_the_fix_works_when_it_is_typed(file: str, tmp_path: Path) -> None:
    before, after = BOOT_FILES[file]
    assert type_fix(tmp_path, file, before).read_text() == after


def test_the_fix_for_grub_is_what_grub_reads(tmp_path: Path) -> None:
    """grub-mkconfig reads /etc/default/grub, then the files in grub.d, as a shell does."""
    path = type_fix(
        tmp_path, "/etc/default/grub", "GRUB_CMDLINE_LINUX='quiet cgroup_disable=memory'\n".replace("'", '"')
    )
    show = f'. {path}; for f in {path}.d/*.cfg; do . "$f"; done; echo "$GRUB_CMDLINE_LINUX"'
    shown = subprocess.run(["sh", "-c", show], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["quiet", "cgroup_memory=1", "cgroup_enable=memory"]


def test_without_a_known_boot_loader_the_fix_says_what_to_write() -> None:
    (problem,) = kernel.problems(NODE, GOOD, replace(case("raspberry_pi_os_12"), boot_files=()))
    assert "cgroup_enable=memory" in problem.fix
    off = replace(case("raspberry_pi_os_12"), off=("cpuset",), boot_files=("/boot/cmdline.txt",))
    assert " cgroup_enable=cpuset/' /boot/cmdline.txt" in kernel.problems(NODE, GOOD, off)[0].fix


def test_in_a_container_the_fix_is_at_its_machine() -> None:
    (problem,) = kernel.problems(NODE, LXC, case("raspberry_pi_os_12"))
    assert problem.fix == "switch it on at the machine of this container"
