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
UNSAID = "skipped"  # nobody asked for it, or the run ended before: a test that skips itself says why
SHOWN = 300  # characters of a failure's reason


@dataclass(frozen=True)
class Verdict:
    """How one test ended: passed, failed or not run; why, if it did not pass."""

    name: str
    outcome: str
    seconds: float = 0.0
    reason: str = ""
    excused: bool = False  # it can't run here

    @property
    def is_bad(self) -> bool:
        """The cluster has not shown what the test asks for, and could have."""
        return self.outcome != "passed" and not self.excused


def chosen(listed: str, sigs: Sequence[str], only: str = "") -> list[str]:
    """Of what `e2e.test --list-conformance-tests` says (YAML), the names of those groups' tests that fit `only`."""
    tests: list[Mapping[str, Any]] = yaml.safe_load(listed)
    names = [str(test["codename"]) for test in tests]
    group = re.compile(rf"\[sig-({'|'.join(map(re.escape, sigs))})\]")
    return sorted(name for name in names if group.match(name) and not LEFT_OUT.search(name) and re.search(only, name))


def focus(names: Iterable[str]) -> str:
    """The regular expression that means exactly these tests; Go reads it as Python does, and ginkgo has the suite's name before each."""
    return f"({'|'.join(map(re.escape, names))})$"


def finished(line: str, following: str) -> Verdict | None:
    """The test that these two lines of several tests' common output tell the end of, if they do."""
    found = FINISHED.match(line)
    if not found or not following.startswith("[sig-"):
        return None
    outcome = {None: "passed", "SKIPPED": "not run"}.get(found[1], "failed")
    return Verdict(LABELS.sub("", following.replace("[It] ", "")), outcome, float(found[2]))


def read(junit: str, names: Iterable[str], missing: Sequence[str]) -> list[Verdict]:
    """A verdict for each of these tests from the report of the run ('' if there is none); `missing` images are nowhere to be had."""
    cases = ElementTree.fromstring(junit).iter("testcase") if junit else ()  # noqa: S314  # our own program wrote it
    by_name = {str(case.get("name")).removeprefix("[It] "): case for case in cases}
    return [verdict(name, by_name.get(name), missing) for name in names]


def verdict(name: str, case: ElementTree.Element | None, missing: Sequence[str]) -> Verdict:
    """One test's, from its part of the report."""
    if case is None:
        return Verdict(name, "not run", reason="the run ended before it")
    status, seconds = case.get("status"), float(case.get("time", 0))
    if status == "passed":
        return Verdict(name, "passed", seconds)
    said = "\n".join(case.itertext())
    if status in ("skipped", "pending"):
        skipped = case.find("skipped")
        why = _short(skipped.get("message", "") if skipped is not None else "")
        return Verdict(name, "not run", 0, why, excused=why not in ("", UNSAID))
    # A pod that waits for its image says so in the events that a failed test shows.
    if lacking := [image for image in missing if image in said]:
        return Verdict(name, "not run", seconds, f"no such image can be built here: {', '.join(lacking)}", True)
    return Verdict(name, "failed", seconds, _short(said))


def _short(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} …"


def summary(verdicts: Sequence[Verdict], seconds: float) -> str:
    """One line of counts."""
    counts = [
        f"{sum(one.outcome == outcome for one in verdicts)} {outcome}" for outcome in ("passed", "failed", "not run")
    ]
    return f"{len(verdicts)} tests in {seconds / 60:.1f} min: {', '.join(counts)}"


def listing(verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each test, those that did not pass first, with the reason below."""
    lines = []
    for one in sorted(verdicts, key=lambda one: (one.outcome == "passed", one.outcome, one.name)):
        lines.append(f"{one.outcome:8} {one.seconds:6.1f} s  {one.name}")
        lines += [f"{'':20}{one.reason}"] if one.reason else []
    return lines
