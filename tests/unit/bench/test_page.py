from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench import page, pictures, results, show_cluster
from bench.pictures import Bar, Span

ORIGIN = {
    "date": "2026-01-02T03:04+00:00", "processor": "P", "processors": 2, "memory_gb": 8, "kernel": "6.1", "python": "3.11",
    "commit": "abc", "load": [0.1, 0.1, 0.1], "load_around": [[0.1, 0, 0], [0.2, 0, 0]], "command": "python -m bench",
}  # fmt: skip


def sample(wall: float, sessions: int = 1) -> dict[str, Any]:
    return {
        "wall_s": wall,
        "cpu_s": 1,
        "peak_mb": 50,
        "sent_bytes": 1000,
        "received_bytes": 2000,
        "sessions": {"a": sessions},
    }


def idle(**walls: float) -> dict[str, Any]:
    names = ("floor", "run", "dry", "plain run", "plain dry")
    samples = {name: [sample(walls.get(name.replace(" ", "_"), 1.0))] for name in names}
    rounds = {"200": {"samples": samples, "round_trip_ms": {"a": 200.5}, **ORIGIN}}
    return {
        "hosts": list("abcdef"),
        "operations": 40,
        "rounds": rounds,
    }


FIRST = {
    "round_trip_ms": 100.0,
    "deploys": [
        {"wall_s": 90.0, "events": [[10.0, "Baseline | a"], [20.0, "Baseline | b"], [50.0, "Tailnet | c <&>"]]}
    ],
    "floors": [{"wall_s": 75.0, "phases": {"a": [[0.5, "Files"], [60.0, "Done"]]}, "left": []}],
    **ORIGIN,
}
PODS = {
    "seconds": 3, "pings": 20, "repeat": 5, "pairs": ["p"], **ORIGIN,
    "networks": {"routed": {kind: {"p (a to b)": {"tailnet": [2.0], "pods": [1.8]}} for kind in ("throughput", "latency", "latency without delay")}},
}  # fmt: skip


def test_the_page_stands_alone_and_says_what_was_not_measured() -> None:
    text = page.render({"idle": idle(floor=1, run=2.5, plain_run=20)})
    assert "growth: not measured yet" in text
    assert not re.search(r"(src|href)=|<script|@import|url\(", text)


def test_each_bar_is_judged() -> None:
    text = page.render({"idle": idle(floor=1, run=2.5, plain_run=20), "first": FIRST, "pods": PODS})
    verdicts = dict(
        re.findall(r'<th scope="row">([^<]+)</th><td>[^<]*</td><td>[^<]*</td><td class="[^"]*">([^<]*)<', text)
    )
    assert "Missed: 200 ms: run against the floor (2.5 ×, bar ≤ 2 ×); " in text
    assert verdicts["200 ms: run against the floor"] == "missed"
    assert verdicts["200 ms: plain pyinfra against the run"] == "missed"
    assert verdicts["200 ms: run of the whole cluster"] == "met"
    assert verdicts["first deploy against its floor"] == "met"
    assert verdicts["routed, p (a to b): pod to pod against host to host on the tailnet"] == "missed"


def test_the_frozen_record_of_ansible_is_shown_with_its_commit() -> None:
    text = page.render({"ansible": results.load("ansible")})
    assert ">18.8 ×<" in text
    assert ">20.0 ×<" in text
    assert text.count("commit 18dcba9d-dirty") == 2


def test_operations_of_a_phase_are_one_span() -> None:
    found = show_cluster.spans(FIRST["deploys"][0]["events"], 90.0)  # type: ignore[index]
    assert found == [Span("Connect and plan", 0, 10), Span("Baseline", 10, 50), Span("Tailnet", 50, 90)]


def test_pictures_are_well_formed_and_to_scale() -> None:
    drawn = ElementTree.fromstring(pictures.bars("a < b", [Bar("one & two", 10, "10 s"), Bar("half", 5, "5 s", 9)]))
    one, half = (float(bar.get("width", "0")) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect"))
    assert one == 2 * half
    ElementTree.fromstring(pictures.lanes("t", [("a", [Span("x", 0, 3)]), ("b", [])]))
    ElementTree.fromstring(pictures.bars("none", []))


def test_results_are_kept_and_written(tmp_path: Path) -> None:
    assert results.load("idle", tmp_path) == {}
    results.save("idle", idle(), tmp_path)
    assert results.load("idle", tmp_path) == idle()
    assert page.write(tmp_path / "new" / "index.html", tmp_path).read_text().startswith("<!doctype html>")
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".draft"] == []
