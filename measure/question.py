"""A question of verify: what a host is asked, and what becomes of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster.model import Cluster, Host
from facts import sections
from facts.sections import TOO_LONG, Section
from report.measurement import Evidence

EVIDENCE_LINES = 40


@dataclass(frozen=True)
class Target:
    """The host that is asked, and what it is asked about. Mappings: address of another host → that host's name.

    `ports`: `ADDRESS PORT` → host; `pod_gateway` is the address of cni0 and `pod_address` one of a pod, empty if the host has
    no pod network; `far` are machines without tailscale behind the routers of other sites. `again`: it is asked for the second
    time, so that less patience is needed.
    """

    cluster: Cluster
    host: Host
    tailnet: Mapping[str, str] = field(default_factory=dict)
    lan: Mapping[str, str] = field(default_factory=dict)
    pod_gateways: Mapping[str, str] = field(default_factory=dict)
    pod_gateway: str = ""
    pod_address: str = ""
    ports: Mapping[str, str] = field(default_factory=dict)
    far: Sequence[str] = ()
    again: bool = False


@dataclass(frozen=True)
class Question:
    """One row of verify's questions.

    `command`: for sh as root, or a function of the target; if it is empty, the host is not asked. `limit_s`: its time limit.
    `parse`: its lines → a value; None if the output is evidence only.
    `field`: the value's place in the measurement; by default the name, with _ for -.
    `resolve`: the value in the cluster's terms, such as host names instead of addresses.
    `unknown`: the value if the answer is late or can't be read; None leaves the field at its default.
    `by_hand`: what a person would type to get the evidence; by default the command.
    `evidence`: whether the output is kept; not if it is large or may hold a key. `longest`: bytes of an answer that are read.
    """

    name: str
    command: str | Callable[[Target], str]
    limit_s: int
    parse: Callable[[Sequence[str]], Any] | None = None
    field: str = ""
    resolve: Callable[[Target, Any], Any] | None = None
    unknown: Any = None
    by_hand: str = ""
    evidence: bool = True
    longest: int = sections.LIMIT

    @property
    def target_field(self) -> str:
        """The name of its field in the measurement."""
        return self.field or self.name.replace("-", "_")

    def command_for(self, target: Target) -> str:
        """The command for that host; empty if it is not asked."""
        return self.command if isinstance(self.command, str) else self.command(target)

    def values(self, section: Section, target: Target) -> dict[str, Any]:
        """Field → value; empty if the answer leaves it unknown."""
        if self.parse is None:
            return {}
        value = self.unknown
        try:
            if section.code != TOO_LONG:
                value = self.parse(section.output)
                value = value if self.resolve is None or value is None else self.resolve(target, value)
        except Exception:
            # One host's answer, however odd (200 000 brackets are a RecursionError), costs no other answer.
            value = self.unknown
        return {} if value is None else {self.target_field: value}


def script(questions: Sequence[Question], target: Target, mark: str, pace: float = 1.0) -> str:
    """One shell script that asks all of them at once, each within `pace` times its limit. `mark`: frames the answers."""
    asked = {question.name: (question.command_for(target), round(question.limit_s * pace)) for question in questions}
    return sections.script(
        {name: (command, limit) for name, (command, limit) in asked.items() if command},
        mark,
        {question.name: question.longest for question in questions},
    )


def read(questions: Sequence[Question], answers: Mapping[str, Section], target: Target) -> dict[str, Any]:
    """The fields that the answers give, each answer read alone: what can't be read stays unknown."""
    fields: dict[str, Any] = {}
    for question in questions:
        if question.name in answers:
            fields |= question.values(answers[question.name], target)
    return fields


def evidence(questions: Sequence[Question], answers: Mapping[str, Section]) -> dict[str, Evidence]:
    """What is kept of the answers, by the question's name."""
    return {
        question.name: Evidence(question.by_hand or section.command, section.output[:EVIDENCE_LINES], section.code)
        for question in questions
        if question.evidence and (section := answers.get(question.name))
    }
