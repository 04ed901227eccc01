"""Nothing to change: what a run and a preview cost, beside plain pyinfra and the floor."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import labs, machine, measure, results
from bench.labs import Lab
from lab.polling import step

PLAIN = "ISTHMUS_BUNDLE"  # 0 asks each question by itself
CHEAP = ("floor", "run", "dry")
ORDER = ("floor", "run", "dry", "plain run", "plain dry")
CONNECT = """import socket, sys, time
for _ in range(5):
    began = time.monotonic()
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()
    print((time.monotonic() - began) * 1000)
"""
Run = Callable[[Path], tuple[float, float]]


def part(given: argparse.Namespace) -> None:
    """Measure, round by round, each contestant in its turn; results are kept after each delay."""
    with labs.running(given.run, given.inventory, given.keep) as lab:
        labs.converge(lab)
        with labs.counting(lab):
            for delay in given.delays:
                keep(lab, given, delay, session(lab, delay, given))


def contestants(lab: Lab) -> dict[str, Run]:
    """Name → how it is run."""
    floor = [["ssh", host.name, "true"] for host in lab.world.hosts]
    return {
        "floor": measure.at_once(lab, floor),
        "run": measure.command(lab, lab.pyinfra("-y")),
        "dry": measure.command(lab, lab.pyinfra("--dry")),
        "plain run": measure.command(lab, lab.pyinfra("-y"), **{PLAIN: "0"}),
        "plain dry": measure.command(lab, lab.pyinfra("--dry"), **{PLAIN: "0"}),
    }


def session(lab: Lab, delay: float, given: argparse.Namespace) -> dict[str, Any]:
    """All samples with that delay, and the load of the machine around them. The cheap ones are run more often."""
    running, repeat = contestants(lab), given.repeat
    chosen = [name for name in ORDER if not given.only or name in given.only]
    samples: dict[str, list[dict[str, Any]]] = {name: [] for name in ORDER}
    before = machine.load()
    with labs.delays(lab, delay):
        seen = round_trip(lab)
        for name in ("run", "dry"):  # which questions they ask is known before the first sample
            with step(f"{delay:g} ms, warming up: {name}"):
                running[name](lab.log(name))
        for number in range(max(repeat, cheap_repeat(given))):
            for name in chosen:
                if number < (cheap_repeat(given) if name in CHEAP else repeat):
                    with step(f"{delay:g} ms, round {number + 1}: {name}"):
                        samples[name].append(measure.taken(lab, name.replace(" ", "-"), running[name]).to_json())
    return {"samples": samples, "round_trip_ms": seen, "load_around": [before, machine.load()]}


def cheap_repeat(given: argparse.Namespace) -> int:
    """Two more than of the others, unless it is only to be seen that it works."""
    return int(given.repeat) if given.quick else int(given.repeat) + 2


def round_trip(lab: Lab) -> dict[str, float]:
    """Host → how long the operator's TCP connection to its sshd takes, in ms: one round trip. The median of five."""
    found = {}
    for host in lab.world.hosts:
        said = lab.operator([sys.executable, "-c", CONNECT, host.host.ssh_hostname, str(host.host.ssh_port)])
        found[host.name] = round(statistics.median(map(float, said.split())), 1)
    return found


def keep(lab: Lab, given: argparse.Namespace, delay: float, measured: dict[str, Any]) -> None:
    """Add that delay to the results."""
    earlier = results.known("idle").get("rounds", {})
    results.keep(
        "idle",
        {
            "hosts": [host.name for host in lab.world.hosts],
            "operations": len(labs.operations(lab)),
            "rounds": {**earlier, f"{delay:g}": {**measured, "command": given.command, **machine.described()}},
        },
    )
