"""Every check on recorded measurements: a healthy one, and what was changed in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from graphlib import CycleError
from pathlib import Path
from typing import Any

import pytest

from cluster.observed.nodes import Node
from report import causes, checks
from report.findings import DOCS, DRIFT, Deviation, Finding, View, check
from report.measurement import Api
from tests.unit.cluster.test_tasks import THREE
from tests.unit.report import synthetic
from tests.unit.report.recorded import (
    CASES,
    PROJECT,
    as_case,
    declared,
    found,
    healthy,
    measurement,
    otherwise,
    varied,
    view,
)

NAMES = {check.name for check in checks.CHECKS}


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path) -> None:
    values = json.loads(case.read_text())
    findings = found(varied(values["change"]), cluster=otherwise(values.get("declared", {})))
    assert as_case(findings) == values["problems"], [finding.problem for finding in findings]
    assert {*values.get("warnings", ())} <= {one.check.name for one in findings if one.severity == "warning"}
    for text in values.get("says", ()):
        assert text in json.dumps(checks.to_json(findings), ensure_ascii=False), text


def test_healthy_has_no_problem_and_declared_warnings_only() -> None:
    findings = found(varied([]))
    assert as_case(findings) == []
    assert {finding.check.name for finding in findings} <= {"cgroup-exception"}


def test_names() -> None:
    assert len(NAMES) == len(checks.CHECKS)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+|drift", name) for name in NAMES)


def test_each_check_has_a_section_that_begins_with_what_it_means() -> None:
    text = (PROJECT / DOCS).read_text()
    sections = re.findall(r"^### (\S+)\n(.*)\n((?:.*\n)*?)(?=^##|\Z)", text, re.M)
    assert sorted((name, first) for name, first, _ in sections) == sorted(
        (one.name, one.means) for one in checks.CHECKS
    )
    assert [name for name, _, rest in sections if "*Causes*:" not in rest or "*Cure*:" not in rest] == []
    assert all(one.docs == f"{DOCS}#{one.name}" for one in checks.CHECKS)


def test_what_a_check_means_is_one_sentence() -> None:
    assert [one.name for one in checks.CHECKS if not re.fullmatch(r"[^\n]+[^.\n]\.", one.means)] == []


def test_checks_depend_on_and_explain_checks_that_exist() -> None:
    named = {name for one in checks.CHECKS for name in (*one.depends_on, *one.anywhere, *one.explains)}
    assert named - NAMES == set()


def test_causes_stand_before_what_they_explain() -> None:
    order = [check.name for check in checks.CHECKS]
    graph = causes.graph(checks.CHECKS)
    assert set(graph) == NAMES
    assert [
        (cause, other) for other in order for cause in graph[other] if order.index(cause) >= order.index(other)
    ] == []


def test_the_order_of_checks_that_cause_each_other_is_refused() -> None:
    def nothing(view: View) -> Iterator[Deviation]:
        """It finds nothing."""
        yield from ()

    one, other = check("one", depends_on=("other",))(nothing), check("other")(nothing)
    assert [at.name for at in causes.causes_first([one, other])] == ["other", "one"]
    with pytest.raises(CycleError):
        causes.causes_first([one, check("other", depends_on=("one",))(nothing)])
    with pytest.raises(CycleError):
        causes.causes_first([check("one", explains=("other",))(nothing), check("other", explains=("one",))(nothing)])
    with pytest.raises(KeyError, match="other"):
        causes.causes_first([one])


def test_drift_follows_from_what_a_deploy_mends() -> None:
    drift = next(check for check in checks.CHECKS if check.name == DRIFT)
    standing = {"exposed-port", "host-slow", "idle-reclaim", "path-relayed", DRIFT}
    assert NAMES - set(causes.graph(checks.CHECKS)[DRIFT]) == standing
    assert drift.explains == ()


def test_every_check_has_a_case() -> None:
    cases = [json.loads(case.read_text()) for case in CASES]
    expected = {problem["check"] for case in cases for problem in case["problems"]}
    expected |= {name for case in cases for name in case.get("warnings", ())}
    assert NAMES - expected == set()


def test_undeclared_cgroup() -> None:
    strict = declared().model_copy(
        update={"hosts": tuple(host.model_copy(update={"exceptions": ()}) for host in declared().hosts)}
    )
    findings = checks.run(checks.select("cgroup-exception"), view(varied([]), strict))
    assert {finding.severity for finding in findings} == {"problem"}
    assert "declare: exceptions = ('cgroup-v1',)" in findings[0].problem.fix


def test_only_and_skip() -> None:
    names = {check.name for check in checks.select("pod-path, dns-pod", "dns-pod")}
    assert names == {"pod-path"}
    with pytest.raises(ValueError, match="there is no check pod-pth"):
        checks.select("pod-pth")


def test_what_is_not_asked_for_is_named_as_the_cause() -> None:
    case = json.loads((PROJECT / "tests/cases/report/tailscaled-stopped.json").read_text())
    findings = found(varied(case["change"]), only="path-blocked")
    assert {finding.check.name for finding in findings} == {"path-blocked"}
    assert all(finding.problem.why.startswith("tailnet-down on ") for finding in findings)


def test_json_is_the_source() -> None:
    values = healthy()
    measured = measurement(values)
    assert json.loads(json.dumps(measured.to_json())) == {
        key: value for key, value in values.items() if key not in ("problems", "warnings", "checks")
    }


def test_a_check_has_passed_if_it_found_no_problem_not_even_a_consequence() -> None:
    case = json.loads((PROJECT / "tests/cases/report/tailscaled-stopped.json").read_text())
    failed = NAMES - set(checks.passed(checks.CHECKS, found(varied(case["change"]))))
    assert failed == {"tailnet-down", *case["problems"][0]["so"]}
    assert set(checks.passed(checks.CHECKS, found(varied([])))) == NAMES


def test_a_check_that_an_odd_answer_breaks_costs_no_other() -> None:
    """A host that has been taken over may answer what no program prints."""
    findings = found(
        varied([("hosts.oci4.accepted_routes", ["10.0.0.0/99"]), ("hosts.tencent01.clock_offset_s", -90.0)])
    )
    problems = {one.check.name: one.problem for one in findings if one.severity == "problem"}
    assert set(problems) == {"route-not-accepted", "clock-skew"}
    assert problems["route-not-accepted"].what.startswith("it could not be made: ")


def test_json_names_the_section_of_each_finding() -> None:
    case = json.loads((PROJECT / "tests/cases/report/tailscaled-stopped.json").read_text())
    (problem,) = checks.to_json(found(varied(case["change"])))["problems"]
    assert problem["docs"] == "docs/checks.md#tailnet-down"
    assert {below["docs"] for below in problem["consequences"]} == {
        f"docs/checks.md#{name}" for name in case["problems"][0]["so"]
    }


def cut_off(**gateway: Any) -> list[Finding]:
    """What says that a worker's node is not ready, by itself or below its cause; `gateway`: how its host differs."""
    measured = synthetic.measured(THREE)
    hosts = tuple(replace(host, **gateway) if host.name == "gate" else host for host in measured.hosts)
    nodes = tuple(
        Node(node.name, node.name != "edge1", "silent", "1.36.3", architecture="amd64") for node in THREE.nodes
    )
    api = Api("core1", nodes, ())
    found = checks.run(checks.CHECKS, View(THREE, replace(measured, hosts=hosts, api=api), 0.0))
    return [
        one for one in found if "node-not-ready" in (one.check.name, *(below.check.name for below in one.consequences))
    ]


def test_a_worker_that_asks_through_the_gateway_is_not_ready_because_of_it() -> None:
    listening = ("0.0.0.0:443", "100.64.10.1:6443")
    (own,) = cut_off(listeners=listening, units={"nginx": "active"})
    assert "gate" not in own.hosts
    (other,) = cut_off(listeners=listening[:1], units={"nginx": "active"})
    assert other.problem.why == "it reaches the API through gate, where nginx (active) does not forward calls"
    (cause,) = cut_off(reached=False, error="timed out")
    assert (cause.check.name, cause.hosts) == ("host-unreachable", ("gate",))
