"""Measure a run and a preview that change nothing, against plain pyinfra and the floor."""

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

PLAIN = "ISTHMUS_BUNDLE"  # 0: every fact is its own remote execution, as in plain pyinfra
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
    """Measure all contestants in turns, with each delay; results are saved after each delay."""
    with labs.use_lab(given.run, given.inventory, given.keep) as lab:
        labs.converge(lab)
        with labs.count_sessions(lab):
            for delay in given.delays:
                save_round(lab, given, delay, measure_round(lab, delay, given))


def contestants(lab: Lab) -> dict[str, Run]:
    """Name → its run, for `measure`."""
    floor = [["ssh", host.name, "true"] for host in lab.world.hosts]
    return {
        "floor": measure.all_at_once(lab, floor),
        "run": measure.command(lab, lab.pyinfra("-y")),
        "dry": measure.command(lab, lab.pyinfra("--dry")),
        "plain run": measure.command(lab, lab.pyinfra("-y"), **{PLAIN: "0"}),
        "plain dry": measure.command(lab, lab.pyinfra("--dry"), **{PLAIN: "0"}),
    }


def measure_round(lab: Lab, delay: float, given: argparse.Namespace) -> dict[str, Any]:
    """All samples with a delay (ms, round trip), and the machine's load before and after. Cheap contestants get more samples."""
    runs, repeat = contestants(lab), given.repeat
    chosen = [name for name in ORDER if not given.only or name in given.only]
    samples: dict[str, list[dict[str, Any]]] = {name: [] for name in ORDER}
    before = machine.load()
    with labs.delays(lab, delay):
        seen = round_trips(lab)
        for name in ("run", "dry"):  # fills the history of facts
            with step(f"{delay:g} ms, warming up: {name}"):
                runs[name](lab.log(name))
        for number in range(max(repeat, cheap_repeat(given))):
            for name in chosen:
                if number < (cheap_repeat(given) if name in CHEAP else repeat):
                    with step(f"{delay:g} ms, round {number + 1}: {name}"):
                        samples[name].append(measure.measure(lab, name.replace(" ", "-"), runs[name]).to_json())
    return {"samples": samples, "round_trip_ms": seen, "load_around": [before, machine.load()]}


def cheap_repeat(given: argparse.Namespace) -> int:
    """The number of samples of cheap contestants: two more than of the others, except with --quick."""
    return int(given.repeat) if given.quick else int(given.repeat) + 2


def round_trips(lab: Lab) -> dict[str, float]:
    """Host → the time of the operator's TCP connect to its sshd in ms: one round trip. The median of five."""
    found = {}
    for host in lab.world.hosts:
        output = lab.operator([sys.executable, "-c", CONNECT, host.host.ssh_hostname, str(host.host.ssh_port)])
        found[host.name] = round(statistics.median(map(float, output.split())), 1)
    return found


def save_round(lab: Lab, given: argparse.Namespace, delay: float, measured: dict[str, Any]) -> None:
    """Save the round of a delay, beside the other delays' rounds."""
    earlier = results.load("idle").get("rounds", {})
    results.save(
        "idle",
        {
            "hosts": [host.name for host in lab.world.hosts],
            "operations": len(labs.operation_names(lab)),
            "rounds": {**earlier, f"{delay:g}": {**measured, "command": given.command, **machine.describe()}},
        },
    )
