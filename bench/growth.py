"""Measure growth: the same run with 6, 24 and 96 hosts of one kind."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from bench import labs, machine, measure, results
from bench.idle import PLAIN, round_trips
from bench.labs import Lab
from lab.load_inventory import load
from lab.polling import step
from lab.world.state import PROJECT

DEPLOY = "bench/light.py"
FOLDER = PROJECT / "build" / "bench"
ROUND_TRIP_MS = 100.0
# Three sites with public addresses; one of them has a login that needs sudo.
SITES = {"one": "192.0.2", "two": "198.51.100", "three": "203.0.113"}
SITE = """site = "{name}"
lan = "{network}.0/24"
nat = "none"
"""
SUDO = """ssh_user = "ubuntu"
_sudo = True
"""
ALL = """coordination_name = "mesh.isthmus.example"
certificate = "acme"
acme_email = "operator@isthmus.example"
kubernetes_version = "{kubernetes}"
exceptions = ("container", "cgroup-v1", "small-memory")
"""
PARTS = (("gateway", "coordinator"), ("control_plane",))


def part(given: argparse.Namespace) -> None:
    """Measure each size in its own lab."""
    rounds = {}
    for size in given.sizes:
        folder = FOLDER / f"growth-{size}"
        write_inventory(folder, size, kubernetes_version(given.inventory))
        try:
            with labs.use_lab(f"{given.run}-{size}", folder / "inventory.py", given.keep, ssh_only=True) as lab:
                rounds[str(size)] = {**measure_size(lab, given.repeat), **machine.describe(), "command": given.command}
        finally:
            shutil.rmtree(folder)
        results.save("growth", {"round_trip_ms": ROUND_TRIP_MS, "rounds": {**earlier_rounds(), **rounds}})


def earlier_rounds() -> dict[str, Any]:
    """The rounds of sizes that were measured before."""
    rounds: dict[str, Any] = results.load("growth").get("rounds", {})
    return rounds


def measure_size(lab: Lab, repeat: int) -> dict[str, Any]:
    """Measure the floor, isthmus and plain pyinfra, in turns."""
    base = ["pyinfra", "-y", str(lab.inventory), DEPLOY]
    runs = {
        "floor": measure.all_at_once(lab, [["ssh", host.name, "true"] for host in lab.world.hosts]),
        "run": measure.command(lab, base),
        "plain run": measure.command(lab, base, **{PLAIN: "0"}),
    }
    samples: dict[str, list[dict[str, Any]]] = {name: [] for name in runs}
    with step(f"{len(lab.world.hosts)} hosts: deploying"):
        for _ in range(2):  # the second run fills the history of facts of a run without changes
            runs["run"](lab.log("run"))
    with labs.delays(lab, ROUND_TRIP_MS):
        before, seen = machine.load(), round_trips(lab)
        for number in range(repeat):
            for name, run in runs.items():
                with step(f"{len(lab.world.hosts)} hosts, round {number + 1}: {name}"):
                    samples[name].append(measure.measure(lab, name.replace(" ", "-"), run).to_json())
        return {"samples": samples, "load_around": [before, machine.load()], "round_trip_ms": max(seen.values())}


def kubernetes_version(inventory: Path) -> str:
    """The inventory's version: the lab has its artifacts already."""
    return str(load(inventory).kubernetes_version)


def write_inventory(folder: Path, size: int, kubernetes: str) -> None:
    """Write an inventory of `size` hosts, a third of them in each of three sites."""
    (folder / "group_data").mkdir(parents=True, exist_ok=True)
    (folder / "inventory.py").write_text(inventory(size))
    (folder / "group_data" / "all.py").write_text(ALL.format(kubernetes=kubernetes))
    for name, network in SITES.items():
        text = SITE.format(name=name, network=network) + (SUDO if name == "one" else "")
        (folder / "group_data" / f"{name}.py").write_text(text)


def inventory(size: int) -> str:
    """The text of inventory.py. The model requires the roles; none of their services runs."""
    groups: dict[str, list[tuple[str, dict[str, Any]]]] = {name: [] for name in SITES}
    for number in range(size):
        site = list(SITES)[number * len(SITES) // size]
        address = f"{SITES[site]}.{len(groups[site]) + 1}"
        data = {"lan_address": address, "ssh_hostname": address, "rehearsal": {"release": "bookworm"}}
        roles = PARTS[number] if number < len(PARTS) else ("worker",)
        groups[site].append((f"n{number + 1:03}", {"roles": roles, **data}))
    return "".join(f"{name} = {hosts!r}\n" for name, hosts in groups.items())
