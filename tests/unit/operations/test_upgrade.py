"""Steps of an upgrade: each looks first, and one that was interrupted goes on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.observed.etcd import Member
from cluster.observed.nodes import Node
from cluster.observed.packages import Installed, Package
from facts.dpkg import Packages
from facts.etcd import Members
from facts.kubernetes import Nodes
from facts.versions import Installed as Question
from operations import apt, upgrade
from tests.unit.operations.fake_host import commands

NODE = Node("n", True, "", "1.35.4", ("100.64.10.1",), "10.244.0.0/24", "arm64", "", {}, (), True)
TAKEN = replace(NODE, schedulable=False, in_upgrade=True)


def renewed(api: str, kubelet: str, executing: bool = True) -> list[str]:
    facts = {Question: Installed({"kubelet": kubelet}, api)}
    return commands(
        upgrade.kubeadm_upgrade,
        facts,
        executing=executing,
        version="1.36.3",
        verb="upgrade node",
        document=lambda: "a: b\n",
    )


def test_kubeadm_runs_until_kubelet_has_followed() -> None:
    assert renewed("1.36.3", "1.36.3-1.1") == renewed("", "1.36.3-1.1") == []
    assert len(renewed("", "1.35.4-1.1")) == 1
    # Its API answers again before the next step.
    assert len(renewed("1.35.4", "1.35.4-1.1")) == len(renewed("1.36.3", "1.35.4-1.1")) == 2
    assert len(renewed("1.35.4", "1.36.3-1.1", executing=False)) == 1
    assert (
        "could not be read"
        in commands(upgrade.kubeadm_upgrade, {Question: None}, version="1", verb="", document=str)[0]
    )


def test_only_a_node_that_the_upgrade_took_out_is_put_back() -> None:
    def reserved(node: Node) -> list[str]:
        return commands(upgrade.mark_for_upgrade, {Nodes: [node]}, node="n")

    def returned(node: Node) -> list[str]:
        return commands(upgrade.unmark, {Nodes: [node]}, node="n", after=())

    assert "annotate node n" in reserved(NODE)[0]
    assert reserved(TAKEN) == reserved(replace(NODE, schedulable=False)) == []
    assert "uncordon n" in returned(TAKEN)[0]
    assert "uncordon n" in returned(replace(TAKEN, schedulable=True))[0]
    assert returned(NODE) == returned(replace(NODE, schedulable=False)) == []


def test_etcd_that_is_whole_is_not_waited_for() -> None:
    assert commands(upgrade.wait_for_etcd, {Members: [Member("1", "n", True)]}) == []
    assert commands(upgrade.wait_for_etcd, {Members: [Member("1", "n", False)]}, executing=False) == []


def upgraded(*found: Package | None) -> list[str]:
    wanted = [apt.Wanted(name, "1.36.3-*", held=True) for name, _ in zip("ab", found, strict=False)]
    return commands(apt.upgrade, {Packages: dict(zip("ab", found, strict=False))}, wanted=wanted)


def test_a_held_package_is_upgraded_and_held_again() -> None:
    (one,) = upgraded(Package("1.35.4-1.1", True), Package("1.36.3-1.1", True))
    update, install, hold = one.split(" && ")
    assert "update" in update
    assert "--allow-change-held-packages 'a=1.36.3-*'" in install
    assert "b=" not in install
    assert hold.endswith("hold a")


def test_a_hold_that_was_lost_is_made_again_and_nothing_else() -> None:
    assert upgraded(Package("1.36.3-1.1", True)) == []
    (hold,) = upgraded(Package("1.36.3-1.1", False))
    assert hold.endswith("hold a")


@pytest.fixture
def coordinator(tmp_path: Path) -> Path:
    """A folder in place of headscale's, and a systemctl that notes how it was called."""
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "systemctl"
    tool.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/called\n')
    tool.chmod(0o755)
    (tmp_path / "headscale").mkdir()
    return tmp_path


def keep(coordinator: Path) -> tuple[int, list[str]]:
    script = upgrade.database_copy_script("0.28.0").replace("/var/lib/headscale", f"{coordinator}/headscale")
    path = f"{coordinator / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-s"], input=script, text=True, capture_output=True, env={"PATH": path})
    called = coordinator / "called"
    return done.returncode, called.read_text().split() if called.exists() else []


def test_the_database_is_kept_before_headscale_is_replaced(coordinator: Path) -> None:
    database = coordinator / "headscale" / "db.sqlite"
    for text in ("once", "again"):
        database.write_text(text)
        (coordinator / "headscale" / "db.sqlite-wal").write_text("log")
        assert keep(coordinator)[0] == 0
    kept = coordinator / "headscale" / "before-upgrade-of-0.28.0"
    assert {file.name: file.read_text() for file in kept.iterdir()} == {"db.sqlite": "again", "db.sqlite-wal": "log"}
    assert kept.stat().st_mode & 0o777 == 0o700


def test_without_a_database_headscale_is_not_even_stopped(coordinator: Path) -> None:
    assert keep(coordinator) == (1, [])


def test_headscale_is_started_again_where_no_copy_can_be_made(coordinator: Path) -> None:
    (coordinator / "headscale" / "db.sqlite").write_text("once")
    (coordinator / "bin" / "cp").write_text("#!/bin/sh\nexit 1\n")
    (coordinator / "bin" / "cp").chmod(0o755)
    assert keep(coordinator) == (1, ["stop", "start"])
