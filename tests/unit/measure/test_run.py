"""How verify puts together what it asked for at the same time."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from cluster.observed.probe import PodsMeasured
from cluster.problems import printable
from measure import ask, paths, probes, run
from report import checks, page, terminal
from report.findings import View
from tests.unit.report.recorded import declared


def test_what_ended_before_the_rest_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A greenlet that has ended counts as false: quick probes and previews were taken for not asked."""
    speaker = declared().control_planes[0].name
    pods = PodsMeasured(own={speaker: True})
    monkeypatch.setattr(run, "_begun", [0.0])
    monkeypatch.setattr(probes, "pods", lambda *_: pods)
    monkeypatch.setattr(probes, "drift", lambda *_: (("a | b: c",), ""))

    def later(*_: Any) -> dict[str, Any]:
        run.gevent.sleep(0.05)
        return {}

    monkeypatch.setattr(run, "_ask", later)
    monkeypatch.setattr(run, "_host", lambda cluster, name, answers: name)
    monkeypatch.setattr(run, "_with_reach", lambda *_: {})
    monkeypatch.setattr(paths, "timed", lambda *_: {})
    found = run.measurement(declared(), [speaker], {"pods", "drift"})
    assert (found.pods, found.drift) == (pods, ("a | b: c",))


BRACKETS = "[" * 200_000
ESCAPES = "\x1b]0;owned\x07\x9b2J\u202e"
# What a host may answer to each question: nothing of a kind that any program prints.
HOSTILE = {
    "oci1": lambda name: BRACKETS,
    "oci2": lambda name: '{"a":' * 100_000,
    "oci3": lambda name: f'{{"BackendState": "{ESCAPES}", "Version": 5, "Peer": {{"a": {{"HostName": 7}}}}}}',
    "oci4": lambda name: "\n".join([f"@@ {name}", "@>", "lie", "@? x", "@@", "99999999999999999999 yes", "² no"]),
    "tencent01": lambda name: "x" * 1_000_000,
    "ubuntu01": lambda name: f"{ESCAPES} yes\n/ % {ESCAPES}\n1 2 3 4 5 6 7 8 9\n0.0.0.0:²\n- - - - -",
}


def hostile(name: str, script: str, timeout_s: int) -> str:
    """What stands for `ask.output`: the sections of the script, with such answers."""
    mark = re.search(r"^mark=(\w+); show (.*)$", script, re.MULTILINE)
    if mark is None:
        return f"{time.time()}\n{HOSTILE[name]('greeting')}"
    if name == "oci1" and " kubelet-log" not in mark[2]:
        raise ZeroDivisionError("of a kind that nobody expects")
    word, names = mark[1], mark[2].split()
    return "\n".join(f"\n@@{word} {one}\ncommand\n@>{word}\n{HOSTILE[name](one)}\n\n@?{word} 0" for one in names)


def test_no_answer_of_a_host_ends_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the measurement, nor a check, nor a rendering; the others' answers are read."""
    monkeypatch.setattr(run, "_begun", [0.0])
    monkeypatch.setattr(ask, "output", hostile)
    monkeypatch.setattr(probes, "pods", lambda *_: PodsMeasured(note=ESCAPES))
    monkeypatch.setattr(probes, "drift", lambda *_: ((f"{ESCAPES}: oci4",), ESCAPES))
    names = [host.name for host in declared().hosts]
    found = run.measurement(declared(), names, {"pods", "drift"})
    assert [host.name for host in found.hosts if host.reached] == names
    findings = checks.run(checks.CHECKS, View(declared(), found, time.time()))
    printed = json.dumps({**found.to_json(), **checks.to_json(findings)}, ensure_ascii=False)
    text = terminal.render(declared(), found, findings, verbose=True)
    html = page.render(declared(), found, findings, lambda source: "<svg>")
    assert [shown for shown in (printed, text, html) if printable(shown) != shown] == []
    assert "owned" in printed
