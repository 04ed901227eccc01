"""Which of Kubernetes' own tests are selected, and how their output is read."""

from __future__ import annotations

import re

import pytest

from lab.conformance import results
from lab.conformance.results import Result

PODS = "[sig-network] Networking Pods should talk: http [NodeConformance] [Conformance]"
JOBS = "[sig-apps] Job should (re)start, once [Conformance]"
DAEMONS = "[sig-apps] Daemon set [Serial] should roll back [Conformance]"
SECRETS = "[sig-storage] Secrets should be readable [Conformance]"
LISTED = "".join(f"- testname: x\n  codename: '{name}'\n" for name in (PODS, JOBS, DAEMONS, SECRETS))
IMAGE = "registry.k8s.io/e2e-test-images/perl:5.26"
JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites><testsuite name="Kubernetes e2e suite">
<testcase name="[SynchronizedBeforeSuite]" status="passed" time="0"></testcase>
<testcase name="[It] {pods}" status="{status}" time="2.5"><failure type="failed">timed out
   after 300s</failure><system-err>{said}</system-err></testcase>
</testsuite></testsuites>"""


def test_serial_slow_and_other_groups_tests_are_not_chosen() -> None:
    assert results.select(LISTED, ["network", "apps"]) == [JOBS, PODS]
    assert results.select(LISTED, ["storage", "apps"], "Secrets|Daemon") == [SECRETS]
    assert results.select(LISTED, ["net"]) == []


def test_the_focus_means_exactly_the_chosen_tests() -> None:
    focus = results.focus([PODS, JOBS])
    suite = [f"Kubernetes e2e suite {name}" for name in (PODS, JOBS, DAEMONS, f"{JOBS} twice")]
    assert [text for text in suite if re.search(focus, text)] == suite[:2]


@pytest.mark.parametrize(
    ("line", "following", "found"),
    [
        ("• [12.345 seconds]", f"{JOBS} [sig-apps, Conformance]", Result(JOBS, "passed", 12.345)),
        ("• [FAILED] [0.500 seconds]", f"[sig-apps] Job [It] {JOBS[15:]}", Result(JOBS, "failed", 0.5)),
        ("• [TIMEDOUT] [7.000 seconds]", JOBS, Result(JOBS, "failed", 7.0)),
        ("S [SKIPPED] [0.010 seconds]", PODS, Result(PODS, "not run", 0.01)),
        ("[SynchronizedBeforeSuite] PASSED [1.000 seconds]", JOBS, None),
        ("• [12.345 seconds]", "------------------------------", None),
        ("  STEP: waiting [12.345 seconds]", JOBS, None),
    ],
)
def test_the_end_of_a_test_is_seen(line: str, following: str, found: Result | None) -> None:
    assert results.parse_finished(line, following) == found


def test_every_chosen_test_has_a_verdict() -> None:
    passed, lost = results.read_report(JUNIT.format(pods=PODS, status="passed", said=""), [PODS, JOBS], [])
    assert (passed.outcome, passed.seconds, passed.is_failure) == ("passed", 2.5, False)
    assert (lost.outcome, lost.reason, lost.is_failure) == ("not run", "the run ended before it", True)
    assert all(one.is_failure for one in results.read_report("", [PODS, JOBS], []))


def test_a_failure_says_why_and_a_missing_image_is_named() -> None:
    waits = f'Failed to pull image "{IMAGE}": not found'
    (failed,) = results.read_report(JUNIT.format(pods=PODS, status="failed", said=waits), [PODS], [])
    assert (failed.outcome, failed.is_failure) == ("failed", True)
    assert failed.reason.startswith("timed out after 300s")
    (lacking,) = results.read_report(JUNIT.format(pods=PODS, status="failed", said=waits), [PODS], [IMAGE])
    assert (lacking.outcome, lacking.is_failure) == ("not run", False)
    assert IMAGE in lacking.reason


@pytest.mark.parametrize(("message", "is_bad"), [("skipped - needs two nodes", False), ("skipped", True), ("", True)])
def test_only_a_test_that_says_why_it_skips_itself_is_excused(message: str, is_bad: bool) -> None:
    case = f'<x><testcase name="[It] {PODS}" status="skipped" time="0"><skipped message="{message}"/></testcase></x>'
    (skipped,) = results.read_report(case, [PODS], [])
    assert (skipped.outcome, skipped.is_failure) == ("not run", is_bad)


def test_what_did_not_pass_comes_first_and_is_counted() -> None:
    found = [Result("b", "passed", 1), Result("c", "not run", reason="why"), Result("a", "failed", 90, "because")]
    assert [line.split()[-1] for line in results.listing(found)] == ["a", "because", "c", "why", "b"]
    assert results.summary(found, 90) == "3 tests in 1.5 min: 1 passed, 1 failed, 1 not run"
