"""The rows of verify's questions: each one fits its place, and an answer that says nothing leaves its field alone."""

from __future__ import annotations

import dataclasses
import subprocess
from typing import Any

import pytest

from cluster.observed.tailscale import ClientStatus
from facts.sections import TOO_LONG, Section
from measure import questions
from measure.question import Question, Target, evidence, read, script
from report.measurement import Api, Coordination, Evidence, HostMeasured
from tests.unit.report.recorded import declared

ROWS: dict[Any, tuple[Question, ...]] = {
    HostMeasured: (*questions.STATE, *questions.REACH),
    Coordination: questions.COORDINATION,
    Api: questions.API,
}
TARGET = Target(
    declared(),
    declared().coordinator,
    tailnet={"100.64.10.2": "one"},
    lan={"10.0.0.1": "one"},
    pod_gateways={"10.244.1.1": "one"},
    pod_gateway="10.244.0.1",
    pod_address="10.244.0.254",
    ports={"198.51.100.21 22": "one"},
    far=("192.168.50.9",),
)


def row(name: str) -> Question:
    return next(question for rows in ROWS.values() for question in rows if question.name == name)


@pytest.mark.parametrize("kind", ROWS)
def test_each_row_has_a_field_and_a_name_of_its_own(kind: Any) -> None:
    fields = {field.name for field in dataclasses.fields(kind)}
    read_rows = [question for question in ROWS[kind] if question.parse]
    assert {question.target_field for question in read_rows} <= fields
    assert len({question.target_field for question in read_rows}) == len(read_rows)
    assert len({question.name for question in ROWS[kind]}) == len(ROWS[kind])
    # What is neither read nor kept need not be asked.
    assert [question.name for question in ROWS[kind] if not (question.parse or question.evidence)] == []


@pytest.mark.parametrize(
    "rows", [questions.STATE + questions.COORDINATION, questions.API, questions.REACH, (questions.round_trips(6),)]
)
def test_scripts_are_shell(rows: tuple[Question, ...]) -> None:
    text = script(rows, TARGET, "mark")
    assert subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True).stderr == ""
    assert all(f"say {question.name} {question.limit_s} " in text for question in rows)


def test_a_host_without_pods_is_not_asked_for_them() -> None:
    text = script(questions.REACH, dataclasses.replace(TARGET, pod_gateway=""), "mark")
    assert "say pod-" not in text
    assert "say lan " in text


def test_a_slow_host_has_more_time_for_each_question() -> None:
    text = script(questions.STATE, TARGET, "mark", pace=2.5)
    assert all(f"say {question.name} {round(question.limit_s * 2.5)} " in text for question in questions.STATE)


ODD = (
    Section("", ("{}",), TOO_LONG),
    Section("", ("{ what?",), 0),
    Section("", (), 0),
    Section("", ("[" * 200_000,), 0),
)


@pytest.mark.parametrize("answer", ODD, ids=range(len(ODD)))
def test_what_says_nothing_is_unknown(answer: Section) -> None:
    answers = {"status": answer, "netcheck": answer, "prefs": answer}
    assert read(questions.STATE, answers, TARGET) == {"tailnet": ClientStatus("unreachable")}


def test_addresses_become_names_and_others_are_left_out() -> None:
    answers = {
        "lan": Section("", ("asked", "10.0.0.1 yes", "10.0.0.9 no"), 0),
        "ports": Section("", ("198.51.100.21 22 yes",), 0),
    }
    assert read(questions.REACH, answers, TARGET) == {
        "lan_answers": {"one": True},
        "open_ports": {"one": {"22": True}},
    }


def test_evidence_is_what_a_person_would_type_and_never_what_may_hold_a_key() -> None:
    answers = {name: Section("long script", ("a",) * 50, 0) for name in ("rules", "disks", "prefs")}
    kept = evidence(questions.STATE, answers)
    assert kept == {
        "rules": Evidence("long script", ("a",) * 40, 0),
        "disks": Evidence("df -Pk; df -Pi", ("a",) * 40, 0),
    }
