"""Kubernetes' conformance tests as data: the selected names, the output of a run, and each test's result. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import yaml

LEFT_OUT = re.compile(r"\[(Serial|Slow|Disruptive)\]")  # tests that break the cluster for others, or take long
FINISHED = re.compile(r"^\S+ ?(?:\[([A-Z ]+)\] )?\[([\d.]+) seconds\]$")
LABELS = re.compile(r" \[sig-[^\[\]]*\]$")  # ginkgo prints these after a name; they are not part of it
SKIPPED = "skipped"  # not selected, or not reached: a test that skips itself has another message
SHOWN = 300  # characters of a failure's reason


@dataclass(frozen=True)
class Result:
    """One test's outcome (passed, failed, not run) and the reason if it did not pass."""

    name: str
    outcome: str
    seconds: float = 0.0
    reason: str = ""
    excused: bool = False  # the test can't run here

    @property
    def is_failure(self) -> bool:
        """Whether the test counts against the cluster."""
        return self.outcome != "passed" and not self.excused


def select(listed: str, sigs: Sequence[str], only: str = "") -> list[str]:
    """The names of the groups' tests that match `only`, from the YAML of `e2e.test --list-conformance-tests`."""
    tests: list[Mapping[str, Any]] = yaml.safe_load(listed)
    names = [str(test["codename"]) for test in tests]
    group = re.compile(rf"\[sig-({'|'.join(map(re.escape, sigs))})\]")
    return sorted(name for name in names if group.match(name) and not LEFT_OUT.search(name) and re.search(only, name))


def focus(names: Iterable[str]) -> str:
    """The regular expression for exactly these tests, for Go and Python; ginkgo puts the suite's name before each."""
    return f"({'|'.join(map(re.escape, names))})$"


def parse_finished(line: str, following: str) -> Result | None:
    """The result of the test that ends at these two lines of ginkgo's output; None if no test ends there."""
    found = FINISHED.match(line)
    if not found or not following.startswith("[sig-"):
        return None
    outcome = {None: "passed", "SKIPPED": "not run"}.get(found[1], "failed")
    return Result(LABELS.sub("", following.replace("[It] ", "")), outcome, float(found[2]))


def read_report(junit: str, names: Iterable[str], missing: Sequence[str]) -> list[Result]:
    """A result for each of these tests from the run's JUnit report ('' if there is none); `missing`: images that nobody serves."""
    cases = ElementTree.fromstring(junit).iter("testcase") if junit else ()  # noqa: S314  # our own program wrote it
    by_name = {str(case.get("name")).removeprefix("[It] "): case for case in cases}
    return [result_of(name, by_name.get(name), missing) for name in names]


def result_of(name: str, case: ElementTree.Element | None, missing: Sequence[str]) -> Result:
    """One test's result from its case in the report; None: the report has no such case."""
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
    # The events in a failed test's output name the image that a pod waits for.
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
    """A line for each test, failures first, with the reason below."""
    lines = []
    for result in sorted(results, key=lambda result: (result.outcome == "passed", result.outcome, result.name)):
        lines.append(f"{result.outcome:8} {result.seconds:6.1f} s  {result.name}")
        lines += [f"{'':20}{result.reason}"] if result.reason else []
    return lines
