"""Kubernetes' conformance tests as data: which are chosen, what is said while they run, and how each one ended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import yaml

LEFT_OUT = re.compile(r"\[(Serial|Slow|Disruptive)\]")  # they break the cluster for others, or take long
FINISHED = re.compile(r"^\S+ ?(?:\[([A-Z ]+)\] )?\[([\d.]+) seconds\]$")
LABELS = re.compile(r" \[sig-[^\[\]]*\]$")  # what is printed behind a name, and is no part of it
SKIPPED = "skipped"  # nobody asked for it, or the run ended before: a test that skips itself says why
SHOWN = 300  # characters of a failure's reason


@dataclass(frozen=True)
class Result:
    """How one test ended: passed, failed or not run; why, if it did not pass."""

    name: str
    outcome: str
    seconds: float = 0.0
    reason: str = ""
    excused: bool = False  # it can't run here

    @property
    def is_failure(self) -> bool:
        """The cluster has not shown what the test asks for, and could have."""
        return self.outcome != "passed" and not self.excused


def select(listed: str, sigs: Sequence[str], only: str = "") -> list[str]:
    """Of what `e2e.test --list-conformance-tests` says (YAML), the names of those groups' tests that fit `only`."""
    tests: list[Mapping[str, Any]] = yaml.safe_load(listed)
    names = [str(test["codename"]) for test in tests]
    group = re.compile(rf"\[sig-({'|'.join(map(re.escape, sigs))})\]")
    return sorted(name for name in names if group.match(name) and not LEFT_OUT.search(name) and re.search(only, name))


def focus(names: Iterable[str]) -> str:
    """The regular expression that means exactly these tests; Go reads it as Python does, and ginkgo has the suite's name before each."""
    return f"({'|'.join(map(re.escape, names))})$"


def parse_finished(line: str, following: str) -> Result | None:
    """The test that these two lines of several tests' common output tell the end of, if they do."""
    found = FINISHED.match(line)
    if not found or not following.startswith("[sig-"):
        return None
    outcome = {None: "passed", "SKIPPED": "not run"}.get(found[1], "failed")
    return Result(LABELS.sub("", following.replace("[It] ", "")), outcome, float(found[2]))


def read_report(junit: str, names: Iterable[str], missing: Sequence[str]) -> list[Result]:
    """A verdict for each of these tests from the report of the run ('' if there is none); `missing` images are nowhere to be had."""
    cases = ElementTree.fromstring(junit).iter("testcase") if junit else ()  # noqa: S314  # our own program wrote it
    by_name = {str(case.get("name")).removeprefix("[It] "): case for case in cases}
    return [result_of(name, by_name.get(name), missing) for name in names]


def result_of(name: str, case: ElementTree.Element | None, missing: Sequence[str]) -> Result:
    """One test's, from its part of the report."""
    if case is None:
        return Result(name, "not run", reason="the run ended before it")
    status, seconds = case.get("status"), float(case.get("time", 0))
    if status == "passed":
        return Result(name, "passed", seconds)
    output = "\n".join(case.itertext())
    if status in ("skipped", "pending"):
        skipped = case.find("skipped")
        why = _short(skipped.get("message", "") if skipped is not None else "")
        return Result(name, "not run", 0, why, excused=why not in ("", SKIPPED))
    # A pod that waits for its image says so in the events that a failed test shows.
    if lacking := [image for image in missing if image in output]:
        return Result(name, "not run", seconds, f"no such image can be built here: {', '.join(lacking)}", True)
    return Result(name, "failed", seconds, _short(output))


def _short(output: str) -> str:
    line = " ".join(output.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} …"


def summary(results: Sequence[Result], seconds: float) -> str:
    """One line of counts."""
    counts = [
        f"{sum(result.outcome == outcome for result in results)} {outcome}"
        for outcome in ("passed", "failed", "not run")
    ]
    return f"{len(results)} tests in {seconds / 60:.1f} min: {', '.join(counts)}"


def listing(results: Sequence[Result]) -> list[str]:
    """A line for each test, those that did not pass first, with the reason below."""
    lines = []
    for result in sorted(results, key=lambda result: (result.outcome == "passed", result.outcome, result.name)):
        lines.append(f"{result.outcome:8} {result.seconds:6.1f} s  {result.name}")
        lines += [f"{'':20}{result.reason}"] if result.reason else []
    return lines
