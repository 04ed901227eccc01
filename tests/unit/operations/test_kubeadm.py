"""kubeadm init and join: once, never over another cluster, and no secret on a command line."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.observed.kubeadm_state import Membership as Left
from cluster.observed.nodes import Node
from engine import remote
from facts.kubernetes import JoinTokens, Membership, Nodes
from operations import kubeadm
from tests.unit.operations.fake_host import MINE, NODE, OTHERS, commands

TOKEN = "abcdef.0123456789abcdef"
MEMBER = Left(True, MINE, MINE)


class First:
    """The first control plane, as the operations of other hosts meet it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, facts: dict[type, Any]) -> None:
        self.facts, self.ran = facts, []
        monkeypatch.setattr(remote, "fact", lambda name, question, **arguments: self.facts[question])
        monkeypatch.setattr(remote, "run", self.run)

    def run(self, name: str, command: str, stdin: str | None = None, timeout_s: int = 120) -> str:
        self.ran.append((command, stdin or ""))
        return f"kubeadm join api:6443 --token {TOKEN} --discovery-token-ca-cert-hash sha256:{'c' * 64}"


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> First:
    return First(monkeypatch, {Membership: Left(True, MINE, MINE), Nodes: [NODE]})


def begun(found: Left | None, nodes: list[Node] | None, executing: bool = True) -> list[str]:
    facts = {Membership: found, Nodes: nodes}
    return commands(kubeadm.init, facts, executing=executing, document=lambda token: f"token: {token}", node="n")


def joined(found: Left | None, executing: bool = True, node: str = "n", **more: Any) -> list[str]:
    facts = {Membership: found}
    return commands(
        kubeadm.join,
        facts,
        executing=executing,
        first="f",
        endpoint="api",
        document=lambda admission: "text",
        node=node,
        **more,
    )


def test_a_cluster_is_begun_where_there_is_none() -> None:
    assert begun(Left(), [], executing=False) == ["true"]
    run, wait = begun(Left(), [])
    assert run == "sh -s"
    assert "/readyz" in wait


def test_a_cluster_that_answers_is_left_alone() -> None:
    assert begun(MEMBER, [NODE]) == []


def test_a_silent_api_is_waited_for() -> None:
    start, wait = begun(MEMBER, None)
    assert start.startswith("systemctl start")
    assert "/readyz" in wait


@pytest.mark.parametrize(
    ("found", "nodes", "said"),
    [
        (None, [], "could not be read"),
        (Left(True, OTHERS, ""), [], "another cluster"),
        (MEMBER, [], "cluster has no Node"),
    ],
)
def test_what_is_not_understood_is_not_touched(found: Left | None, nodes: list[Node], said: str) -> None:
    (only,) = begun(found, nodes)
    assert said in only
    assert only.endswith("exit 1")


def test_a_host_joins_by_a_token_that_no_command_line_shows(first: First) -> None:
    assert joined(Left(), executing=False, node="new") == ["true"]
    assert first.ran == []
    assert joined(Left(), node="new") == ["sh -s"]
    create, wait = (command for command, _ in first.ran)
    assert "--description isthmus" in create
    assert TOKEN not in create + wait
    assert "get node new" in wait


def test_a_further_control_plane_is_lent_the_certificates_under_a_key_that_no_command_line_shows(first: First) -> None:
    keys: list[str] = []
    assert joined(Left(), node="new", certificates=lambda known, key: keys.append(key) or f"certificateKey: {key}") == [
        "sh -s"
    ]
    _, (known, _), (told, names), (upload, script), _, (taken_back, _) = first.ran
    assert "configmap kubeadm-config" in known
    assert "init phase upload-config kubeadm" in names
    assert told == upload == "sh -s"
    assert keys[0] not in upload
    assert "upload-certs" in script
    assert "delete secret --ignore-not-found kubeadm-certs" in taken_back


def test_a_node_is_left_alone(first: First) -> None:
    assert joined(MEMBER) == []
    assert first.ran == []


@pytest.mark.parametrize(
    ("found", "node", "said"),
    [
        (Left(True, OTHERS, OTHERS), "n", "another cluster"),
        (MEMBER, "new", "cluster has no Node"),
        (None, "n", "could not be read"),
    ],
)
def test_a_node_of_others_or_of_an_interrupted_run_is_refused(
    first: First, found: Left | None, node: str, said: str
) -> None:
    (only,) = joined(found, node=node)
    assert said in only
    assert first.ran == []


def test_join_tokens_are_taken_back(first: First) -> None:
    facts: dict[type, Any] = {JoinTokens: ["bootstrap-token-abcdef"]}
    (only,) = commands(kubeadm.delete_tokens, facts, first="f", members=["n"])
    assert only.endswith("delete secret --ignore-not-found bootstrap-token-abcdef")
    assert commands(kubeadm.delete_tokens, {JoinTokens: []}, first="f", members=["n"]) == []


def test_the_preview_says_that_tokens_will_be_taken_back(first: First) -> None:
    assert len(commands(kubeadm.delete_tokens, {JoinTokens: []}, executing=False, first="f", members=["n", "new"])) == 1
