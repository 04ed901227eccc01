"""The page's sections on runs that change nothing, and on growth, from the results. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench.figures import Figure, highest, median, number, ratio, spread
from bench.pictures import Bar, bars
from bench.sections import Result, Section, Table, origin

NAMES = {
    "floor": "floor: ssh host true",
    "run": "isthmus, run",
    "dry": "isthmus, --dry",
    "plain run": "plain pyinfra, run",
    "plain dry": "plain pyinfra, --dry",
    "ansible": "Ansible",
}
CONTESTANTS = ("floor", "run", "dry", "plain run", "plain dry")


def idle(result: Result) -> Section:
    """The section on a run that changes nothing."""
    hosts = result["hosts"]
    section = Section("A run that changes nothing")
    section.notes.append(f"{len(hosts)} hosts, {result['operations']} operations.")
    for delay, measured in sorted(result["rounds"].items(), key=lambda item: float(item[0])):
        _idle_round(section, delay, measured, len(hosts))
    return section


def _idle_round(section: Section, delay: str, measured: Result, hosts: int) -> None:
    samples = measured["samples"]
    took = {name: median(samples[name]) for name in CONTESTANTS}
    far, nominal = float(delay) >= 100, float(delay)
    floor_limit = {100.0: 3.0, 200.0: 2.0}.get(nominal)
    section.figures += [
        Figure(f"{delay} ms: remote executions per host, run", highest(samples["run"]), 1, unit=""),
        Figure(f"{delay} ms: remote executions per host, --dry", highest(samples["dry"]), 1, unit=""),
        Figure(f"{delay} ms: run against the floor", ratio(took["run"], took["floor"]), floor_limit),
        Figure(
            f"{delay} ms: plain pyinfra against the run",
            ratio(took["plain run"], took["run"]),
            10 if far else None,
            "at least",
        ),
    ]
    if nominal == 200 and hosts == 6:
        section.figures.append(Figure("200 ms: run of the whole cluster", took["run"], 5, unit="s"))
    _compare(section, delay, measured, CONTESTANTS)


def ansible(record: Result) -> Section:
    """The section on Ansible: a frozen record of one commit, which is not measured any more."""
    section = Section("For the record: Ansible, a run that changes nothing")
    section.notes.append(
        f"{len(record['hosts'])} hosts, {record['operations']} operations; {record['version']} with {record['tasks']} tasks "
        "for all of them but barriers. Measured with this commit only; the playbook was removed."
    )
    for delay, measured in sorted(record["rounds"].items(), key=lambda item: float(item[0])):
        took = {name: median(samples) for name, samples in measured["samples"].items()}
        figure = f"{delay} ms: Ansible against the run"
        section.figures.append(Figure(figure, ratio(took["ansible"], took["run"]), 20, "at least"))
        _compare(section, delay, measured, list(took))
    return section


def _compare(section: Section, delay: str, measured: Result, names: Sequence[str]) -> None:
    samples = measured["samples"]
    took = {name: median(samples[name]) or 0 for name in names}
    rows = [Bar(NAMES[name], value, f"{number(value)} s", at) for at, (name, value) in enumerate(took.items())]
    section.pictures.append(bars(f"{delay} ms round trip: seconds, median", rows))
    seen = statistics.median(measured["round_trip_ms"].values())
    section.tables.append(
        Table(
            f"{delay} ms (seen: {seen:.1f} ms): median (lowest–highest)",
            ("", "seconds", "executions on a host, at most", "KB sent", "KB received", "operator's CPU s", "samples"),
            [_idle_row(NAMES[name], samples[name]) for name in names],
        )
    )
    section.notes.append(f"{delay} ms: {origin(measured)}")


def _idle_row(name: str, samples: Sequence[Result]) -> list[str]:
    if not samples:
        return [name, *["not measured"] * 5, "0"]
    sent, received = (median(samples, key) or 0 for key in ("sent_bytes", "received_bytes"))
    cpu = number(median(samples, "cpu_s") or 0) if name != NAMES["floor"] else "–"
    return [
        name,
        spread(samples),
        f"{highest(samples) or 0:.0f}",
        f"{sent / 1e3:.0f}",
        f"{received / 1e3:.0f}",
        cpu,
        str(len(samples)),
    ]


def growth(result: Result) -> Section:
    """The section on growth."""
    section = Section("Growth")
    rounds = sorted(result["rounds"].items(), key=lambda item: int(item[0]))
    took = {size: {name: median(found) for name, found in measured["samples"].items()} for size, measured in rounds}
    section.notes.append(
        f"Hosts that run sshd only, bench/light.py, {result['round_trip_ms']:g} ms round trip; all hosts share this machine's processors."
    )
    sizes = list(took)
    for size in sizes[1:]:
        limit = 3.0 if (size, sizes[0]) == ("96", "6") else None
        section.figures.append(
            Figure(f"{size} hosts against {sizes[0]}, run", ratio(took[size]["run"], took[sizes[0]]["run"]), limit)
        )
        section.figures.append(
            Figure(f"{size} hosts against {sizes[0]}, floor", ratio(took[size]["floor"], took[sizes[0]]["floor"]))
        )
    section.pictures.append(
        bars(
            "Seconds, median",
            [
                Bar(f"{size} hosts, {NAMES[name]}", value or 0, f"{number(value or 0)} s", at)
                for size, found in took.items()
                for at, (name, value) in enumerate(found.items())
            ],
        )
    )
    rows = [_growth_row(size, name, found) for size, measured in rounds for name, found in measured["samples"].items()]
    headings = (
        "",
        "seconds",
        "executions on a host, at most",
        "operator's CPU s",
        "operator's peak MB",
        "KB both ways",
    )
    section.tables.append(Table("Median (lowest–highest)", headings, rows))
    section.notes += [f"{size} hosts: {origin(measured)}" for size, measured in rounds]
    return section


def _growth_row(size: str, name: str, samples: Sequence[Result]) -> list[str]:
    bytes_moved = (median(samples, "sent_bytes") or 0) + (median(samples, "received_bytes") or 0)
    own = ["–", "–"] if name == "floor" else [number(median(samples, key) or 0) for key in ("cpu_s", "peak_mb")]
    return [
        f"{size} hosts, {NAMES[name]}",
        spread(samples),
        f"{highest(samples) or 0:.0f}",
        *own,
        f"{bytes_moved / 1e3:.0f}",
    ]
