"""The page's sections on a first deploy and on the pod network, from the results. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from bench.figures import Figure, median, number, ratio, spread
from bench.pictures import Bar, Span, bars, lanes
from bench.sections import Result, Section, Table, origin

WAYS = ("plain", "tailnet", "pods")


def first(result: Result) -> Section:
    """The section on a first deploy."""
    section = Section("First deploy, artifacts cached")
    deploys, floors = result["deploys"], result["floors"]
    took, least = median(deploys), median(floors)
    section.notes.append(
        f"Fresh hosts each time, {result['round_trip_ms']:g} ms round trip. The floor: one shell script per host, all at once, "
        "with only the order that the work demands."
    )
    left = sorted({name for one in floors for name in one["left"]})
    section.notes.append(
        f"Operations that the deploy's preview lists after the floor's scripts: {', '.join(left) or 'none'}."
    )
    section.figures.append(Figure("first deploy against its floor", ratio(took, least), 1.5))
    middle = sorted(deploys, key=lambda one: one["wall_s"])[len(deploys) // 2]
    lowest = sorted(floors, key=lambda one: one["wall_s"])[len(floors) // 2]
    section.pictures.append(lanes("The deploy, by phase", [("deploy", spans(middle["events"], middle["wall_s"]))]))
    section.pictures.append(
        lanes(
            "The floor's scripts", [(name, spans(found, lowest["wall_s"])) for name, found in lowest["phases"].items()]
        )
    )
    slow = sorted(steps(middle["events"], middle["wall_s"]), key=lambda step: -step[1])[:15]
    section.tables.append(
        Table("Seconds", ("", "median (lowest–highest)"), [("deploy", spread(deploys)), ("floor", spread(floors))])
    )
    section.tables.append(
        Table("The longest operations of that deploy", ("", "seconds"), [(name, number(took)) for name, took in slow])
    )
    section.notes.append(origin(result))
    return section


def steps(events: Sequence[Sequence[Any]], end: float) -> list[tuple[str, float]]:
    """Name and seconds of each operation; the time before the first is connecting and planning."""
    marks = [(0.0, "Connect and plan"), *((float(at), str(name)) for at, name in events), (end, "")]
    return [(name, marks[at + 1][0] - begin) for at, (begin, name) in enumerate(marks[:-1])]


def spans(events: Sequence[Sequence[Any]], end: float) -> list[Span]:
    """Successive operations of a phase as one span; the phase is the operation's name up to the bar."""
    found: list[Span] = []
    at = 0.0
    for name, length in steps(events, end):
        phase = name.split(" | ")[0]
        if found and found[-1].label == phase:
            found[-1] = Span(phase, found[-1].begin, at + length)
        elif length > 0:
            found.append(Span(phase, at, at + length))
        at += length
    return [span for span in found if span.label != "Done"]


def pods(result: Result) -> Section:
    """The section on the pod network."""
    section = Section("Pod network")
    section.notes.append(
        f"One TCP connection of iperf3 for {result['seconds']} s, median of {result['repeat']}; in pods it runs in the pod's network "
        "namespace. Throughput with links that have no delay: with one, TCP's window is the limit, not the path of the packets."
    )
    section.notes.append(origin(result))
    for network, found in result["networks"].items():
        for pair, ways in found["throughput"].items():
            limit = 0.95 if network == "routed" else None
            value = ratio(middle(ways.get("pods")), middle(ways.get("tailnet")))
            section.figures.append(
                Figure(f"{network}, {pair}: pod to pod against host to host on the tailnet", value, limit, "at least")
            )
    for kind, unit in (("throughput", "Gbit/s"), ("latency", "ms"), ("latency without delay", "ms")):
        rows = [(pair, network, way, middle(values)) for network, pair, way, values in flat(result["networks"], kind)]
        if kind == "throughput":
            section.pictures.append(
                bars("Gbit/s, median", [Bar(f"{network} {way}, {pair.split(' (')[0]}", value or 0, number(value or 0), WAYS.index(way)) for pair, network, way, value in rows])
            )  # fmt: skip
        shown = [(pair, network, way, number(value or 0)) for pair, network, way, value in rows]
        section.tables.append(Table(f"{kind}, {unit}", ("pair", "pod network", "way", "median"), shown))
    return section


def middle(values: Sequence[float] | None) -> float | None:
    """The median; None without values."""
    return statistics.median(values) if values else None


def flat(networks: Result, kind: str) -> list[tuple[str, str, str, Sequence[float]]]:
    """The samples of a kind as rows: network, pair, way, samples."""
    return [
        (network, pair, way, values)
        for network, found in networks.items()
        for pair, ways in found[kind].items()
        for way, values in ways.items()
    ]
