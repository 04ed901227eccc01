"""Swap of every kind is turned off now and for the next boot, and what its owner wrote comes back to the byte."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.templates import render
from facts.paths import Present
from facts.swap import DisabledSwap, Swap
from operations import swap, uninstall
from phases import baseline
from tests.unit.cluster.preflight.test_hosts import GATEWAY, NODE
from tests.unit.operations.fake_host import commands

NONE: dict[str, list[str]] = {"active": [], "fstab": [], "services": []}


def off(is_container: bool = False, **found: list[str]) -> list[str]:
    return commands(swap.off, {Swap: {**NONE, **found}}, is_container=is_container)


def test_swap_is_turned_off_now_and_in_fstab() -> None:
    (both,) = off(active=["/swapfile"], fstab=["/swapfile none swap sw 0 0"])
    assert both.startswith("swapoff --all && sed -i")
    assert off() == []
    assert "could not be read" in commands(swap.off, {Swap: None})[0]


def test_a_host_without_pods_keeps_its_swap() -> None:
    written = {host.name: [file.path for file in baseline._settings(host)] for host in (NODE, GATEWAY)}
    assert baseline.SWAP_CONF in written["n"]
    assert baseline.SWAP_CONF not in written["g"]


def test_a_unit_of_swap_stays_off_while_our_file_is_there() -> None:
    assert f"ConditionPathExists=!{baseline.SWAP_CONF}\n" in render("baseline/no-swap.conf")


def test_a_container_leaves_its_machines_swap_alone() -> None:
    assert off(is_container=True, active=["/dev/vda2"], services=["zramswap.service"]) == []


FSTAB = """\
# /etc/fstab: static file system information.
UUID=1 /    ext4 errors=remount-ro 0 1
\tUUID=2\tnone\tswap\tsw\t0 0
/swapfile none swap
  /swap3  none  swap  sw
  # /swap4 none swap sw
# off for a reason of mine: /swap2 none swap sw 0 0
LABEL=swap /srv ext4 defaults 0 2"""


def test_lines_of_fstab_come_back_to_the_byte(tmp_path: Path) -> None:
    fstab = tmp_path / "fstab"
    fstab.write_text(FSTAB)
    (step,) = off(fstab=["any"])
    (back,) = commands(uninstall.swap_lines, {DisabledSwap: ["any"]})
    changed = run(step, tmp_path).read_text().splitlines()
    assert [line for line in changed if line.startswith("# off for Kubernetes (isthmus): ")] == [
        "# off for Kubernetes (isthmus): \tUUID=2\tnone\tswap\tsw\t0 0",
        "# off for Kubernetes (isthmus): /swapfile none swap",
        "# off for Kubernetes (isthmus):   /swap3  none  swap  sw",
    ]
    assert run(back, tmp_path).read_text() == FSTAB


def run(command: str, folder: Path) -> Path:
    (folder / "systemctl").write_text("#!/bin/sh\nexit 0\n")
    (folder / "systemctl").chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", command.replace("/etc/", f"{folder}/")], check=True, timeout=20, env=environment)
    return folder / "fstab"


@pytest.mark.parametrize(
    ("unit", "holds"),
    [
        ("zramswap.service", "[Service]\nExecStartPost=-+/sbin/swapoff --all\n"),
        ("armbian-zram-config.service", "[Service]\nExecStartPost=-+/sbin/swapoff --all\n"),
        (
            "swapspace.service",
            "[Unit]\nConditionPathExists=!/etc/systemd/system/swapspace.service.d/isthmus-swap.conf\n",
        ),
    ],
)
def test_a_service_keeps_its_other_duties_without_swap(unit: str, holds: str, tmp_path: Path) -> None:
    (step,) = off(services=[unit])
    run(step, tmp_path)
    written = tmp_path / "systemd" / "system" / f"{unit}.d" / "isthmus-swap.conf"
    assert written.read_text().replace(f"{tmp_path}/", "/etc/") == f"# Written by isthmus.\n{holds}"
    assert ("systemctl stop" in step) == (unit == "swapspace.service")
    remove: dict[type, Any] = {
        Present: [f"/etc/systemd/system/{unit}.d/isthmus-swap.conf", "/etc/sysctl.d/99-isthmus.conf"]
    }
    (back,) = commands(uninstall.absent, remove, paths=baseline.OWNED.node)
    (tmp_path / "sysctl.d").mkdir()
    run(back, tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["sysctl.d", "system", "systemctl", "systemd"]


def test_what_turns_swap_on_is_found_by_its_unit_or_its_script(tmp_path: Path) -> None:
    """zram-tools and dphys-swapfile start a script, others a shell; Armbian's service has other duties, too."""
    units, programs = tmp_path / "etc" / "systemd" / "system", tmp_path / "sbin"
    units.mkdir(parents=True)
    programs.mkdir()
    (programs / "zramswap").write_text("#!/bin/bash\nswapon -p 100 /dev/zram0\n")
    (programs / "sshd").write_bytes(b"\x7fELF\0swapon\0")
    starts = {
        "zramswap": f"{programs}/zramswap start",
        "mine": "-/bin/sh -c 'sleep 9; swapon /swapfile'",
        "off": "/sbin/swapon /x",
        "done": "/sbin/swapon /x",
        "ssh": f"{programs}/sshd -D",
        "swapspace": "/usr/sbin/swapspace",
        "ends": f"{programs}/sshd\nExecStop=/sbin/swapoff /x",
    }
    for name, start in starts.items():
        (units / f"{name}.service").write_text(f"[Service]\nExecStart={start}\n")
    (units / "done.service.d").mkdir()
    (units / "done.service.d" / "isthmus-swap.conf").write_text("")
    (tmp_path / "systemctl").write_text('#!/bin/sh\ntest "$2" = off.service && echo disabled || echo enabled\n')
    (tmp_path / "systemctl").chmod(0o755)
    question = re.sub(r"(?<= )/(usr/lib|usr/local/lib|lib|run)/systemd", "/nowhere", str(Swap().command()))
    question = question.replace("/etc/systemd", f"{tmp_path}/etc/systemd")
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    shown = subprocess.run(["sh", "-c", question], capture_output=True, text=True, timeout=20, env=environment).stdout
    found = [line.split()[1] for line in shown.splitlines() if line.startswith("service ")]
    assert found == ["mine.service", "swapspace.service", "zramswap.service"]
