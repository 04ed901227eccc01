"""Every check on recorded measurements: a healthy one, and what was changed in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from report import causes, checks
from report.findings import Finding, View
from report.measurement import Api, NodeMeasured
from report.stored import measurement
from tests.unit.cluster.test_tasks import THREE
from tests.unit.report import synthetic
from tests.unit.report.recorded import CASES, PROJECT, declared, found, healthy, told, varied, view

REQUIRED = [
    "host-unreachable",
    "clock-skew",
    "tailnet-down",
    "path-relayed",
    "path-blocked",
    "route-not-approved",
    "route-not-accepted",
    "lan-overlap",
    "vcn-next-hop",
    "mtu-black-hole",
    "node-not-ready",
    "node-address",
    "pod-path",
    "pod-large-packet",
    "dns-host",
    "dns-pod",
    "service-ip",
    "certificate-expiry",
    "key-expiry",
    "version-skew",
    "drift",
    "exposed-port",
    "disk-pressure",
    "headscale-health",
    "mirror-unreachable",
    "image-pull",
    "image-architecture",
    "cgroup-exception",
    "coredns-upstream",
    "kube-proxy-rules",
    "foreign-reject-rule",
]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path) -> None:
    values = json.loads(case.read_text())
    findings = found(varied(values["change"]), cluster=declared().model_copy(update=values.get("declared", {})))
    assert told(findings) == values["problems"], [finding.problem for finding in findings]
    for text in values.get("says", ()):
        assert text in json.dumps(checks.to_json(findings), ensure_ascii=False), text


def test_healthy_has_no_problem_and_declared_warnings_only() -> None:
    findings = found(varied([]))
    assert told(findings) == []
    assert {finding.check for finding in findings} <= {"cgroup-exception"}


def test_names() -> None:
    names = [check.name for check in checks.CHECKS]
    assert set(REQUIRED) <= set(names)
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+|drift", name) for name in names)


def test_documented() -> None:
    text = (PROJECT / "docs" / "checks.md").read_text()
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", text, re.M | re.S))
    assert set(sections) == {check.name for check in checks.CHECKS}
    assert [name for name, body in sections.items() if "*Causes*:" not in body or "*Cure*:" not in body] == []


def test_every_check_has_its_place_among_causes() -> None:
    names = {check.name for check in checks.CHECKS}
    assert set(causes.EXPLAINS) == names
    assert {name for explained in causes.EXPLAINS.values() for name in explained} <= names


def test_causes_stand_before_what_they_explain() -> None:
    order = list(causes.EXPLAINS)
    backwards = [
        (cause, other)
        for cause, explained in causes.EXPLAINS.items()
        for other in explained
        if order.index(cause) > order.index(other)
    ]
    assert backwards == []


def test_every_check_has_a_case() -> None:
    expected = {problem["check"] for case in CASES for problem in json.loads(case.read_text())["problems"]}
    # What is declared can't be varied in a measurement: see test_undeclared_cgroup.
    assert set(REQUIRED) - expected == {"cgroup-exception"}


def test_undeclared_cgroup() -> None:
    strict = declared().model_copy(
        update={"hosts": tuple(host.model_copy(update={"exceptions": ()}) for host in declared().hosts)}
    )
    findings = checks.run(checks.chosen("cgroup-exception"), view(varied([]), strict))
    assert {finding.severity for finding in findings} == {"problem"}
    assert "declare: exceptions = ('cgroup-v1',)" in findings[0].problem.fix


def test_only_and_skip() -> None:
    names = {check.name for check in checks.chosen("pod-path, dns-pod", "dns-pod")}
    assert names == {"pod-path"}
    with pytest.raises(ValueError, match="there is no check pod-pth"):
        checks.chosen("pod-pth")


def test_what_is_not_asked_for_is_named_as_the_cause() -> None:
    case = json.loads((PROJECT / "tests/cases/report/tailscaled-stopped.json").read_text())
    findings = found(varied(case["change"]), only="path-blocked")
    assert {finding.check for finding in findings} == {"path-blocked"}
    assert all(finding.problem.why.startswith("tailnet-down on ") for finding in findings)


def test_json_is_the_source() -> None:
    values = healthy()
    measured = measurement(values)
    assert json.loads(json.dumps(measured.to_json())) == {
        key: value for key, value in values.items() if key not in ("problems", "warnings")
    }


def cut_off(**gateway: Any) -> list[Finding]:
    """What says that a worker's node is not ready, by itself or below its cause; `gateway`: how its host differs."""
    measured = synthetic.measured(THREE)
    hosts = tuple(replace(host, **gateway) if host.name == "gate" else host for host in measured.hosts)
    nodes = tuple(
        NodeMeasured(node.name, node.name != "edge1", "silent", "1.36.3", (), "", "amd64") for node in THREE.nodes
    )
    api = Api("core1", nodes, (), ())
    found = checks.run(checks.CHECKS, View(THREE, replace(measured, hosts=hosts, api=api), 0.0))
    return [one for one in found if "node-not-ready" in (one.check, *(below.check for below in one.consequences))]


def test_a_worker_that_asks_through_the_gateway_is_not_ready_because_of_it() -> None:
    listening = ("0.0.0.0:443", "100.64.10.1:6443")
    (own,) = cut_off(listeners=listening, units={"nginx": "active"})
    assert "gate" not in own.hosts
    (other,) = cut_off(listeners=listening[:1], units={"nginx": "active"})
    assert other.problem.why == "it asks the API through gate, where nginx (active) passes no calls on"
    (cause,) = cut_off(reached=False, error="timed out")
    assert (cause.check, cause.hosts) == ("host-unreachable", ("gate",))
