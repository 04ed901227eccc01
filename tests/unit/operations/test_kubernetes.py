"""The cluster's operations: begin, join, leave others' nodes alone, and say nothing secret where it can be seen."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from cluster.documents.containerd import Containerd, Settings
from cluster.observed.cni import Installed
from cluster.observed.kubeadm_state import Membership as Left
from cluster.observed.nodes import Node, Workload
from cluster.observed.nodes import Settings as Declared
from cluster.sources import Download
from engine import remote
from engine import wait as waiting
from facts.cni import Plugins
from facts.containerd import Config
from facts.kubernetes import JoinTokens, Manifest, Membership, Nodes, Workloads
from operations import cni, containerd, images, kubeadm, kubeadm_script, manifests, nodes
from tests.unit.operations.fake_host import commands

MINE, OTHERS = "a" * 64, "b" * 64
TOKEN = "abcdef.0123456789abcdef"
NODE = Node("n", True, "", "1.36.3", ("100.64.10.1",), "10.244.0.0/24", "arm64", "", {}, (), True)
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


def test_kubeadms_file_is_gone_in_every_outcome_and_its_words_are_cleaned() -> None:
    script = kubeadm_script.script("join", f"token: {TOKEN}")
    assert TOKEN not in script
    assert "trap 'rm -f /run/isthmus/kubeadm.$$.yaml" in script
    assert "umask 077" in script
    assert "(token)" in script


def test_what_an_earlier_membership_left_goes_before_a_join_and_never_from_a_node() -> None:
    assert "ip link delete" in kubeadm_script.script("join", "text")
    assert "ip link delete" not in kubeadm_script.script("init phase upload-certs", "text", is_node=True)


def test_join_tokens_are_taken_back(first: First) -> None:
    facts: dict[type, Any] = {JoinTokens: ["bootstrap-token-abcdef"]}
    (only,) = commands(kubeadm.delete_tokens, facts, first="f", members=["n"])
    assert only.endswith("delete secret --ignore-not-found bootstrap-token-abcdef")
    assert commands(kubeadm.delete_tokens, {JoinTokens: []}, first="f", members=["n"]) == []


def test_the_preview_says_that_tokens_will_be_taken_back(first: First) -> None:
    assert len(commands(kubeadm.delete_tokens, {JoinTokens: []}, executing=False, first="f", members=["n", "new"])) == 1


def test_nodes_are_settled_in_one_command() -> None:
    wanted = [Declared("n", {"disk": "fast"}, ())]
    (only,) = commands(nodes.label_and_taint, {Nodes: [NODE]}, wanted=wanted)
    assert "patch node n" in only
    settled = replace(NODE, labels={"disk": "fast"}, declared_labels=("disk",))
    assert commands(nodes.label_and_taint, {Nodes: [settled]}, wanted=wanted) == []
    (missing,) = commands(nodes.label_and_taint, {Nodes: []}, wanted=wanted)
    assert "no Node of n" in missing


@pytest.mark.parametrize(("found", "count"), [("same", 0), ("different", 1), ("absent", 1)])
def test_a_manifest_is_applied_where_the_api_sees_a_difference(found: str, count: int) -> None:
    assert len(commands(manifests.apply, {Manifest: found, Nodes: []}, manifest="kind: X")) == count


def test_a_manifest_that_can_not_be_compared_is_not_applied() -> None:
    (only,) = commands(manifests.apply, {Manifest: None}, manifest="kind: X")
    assert only.endswith("exit 1")


def test_waiting_happens_only_where_there_is_something_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[str] = []
    monkeypatch.setattr(waiting.remote, "run", lambda name, command, **options: waits.append(command))
    dns = Workload("Deployment", "kube-system", "coredns", 2, 2)
    wanted = [("kube-system", "deployment/coredns")]
    late, few = {Nodes: [replace(NODE, ready=False)]}, {Workloads: [replace(dns, available=1)]}
    assert commands(manifests.wait_for_nodes, {Nodes: [NODE]}, wanted=["n"]) == []
    assert commands(manifests.wait_for_workloads, {Workloads: [dns]}, wanted=wanted) == []
    assert commands(manifests.wait_for_nodes, late, executing=False, wanted=["n"]) == waits == []
    # Waiting is no change, in the preview and in the run.
    assert commands(manifests.wait_for_nodes, late, wanted=["n"]) == []
    assert commands(manifests.wait_for_workloads, few, wanted=wanted) == []
    assert [("wait" in command, "rollout status" in command) for command in waits] == [(True, False), (False, True)]


PAUSE = Settings("registry.k8s.io/pause:3.10.2")


def understood(found: Settings | None, executing: bool = True) -> list[str]:
    facts = {Config: Containerd("2.3.7", found)}
    return commands(containerd.check_config, facts, executing=executing, wanted=lambda: PAUSE)


def test_a_configuration_that_containerd_reads_otherwise_fails_the_host() -> None:
    assert understood(PAUSE) == []
    (only,) = understood(replace(PAUSE, systemd_cgroup=False))
    assert "systemd_cgroup is False, not True" in only
    (silent,) = understood(None)
    assert "config dump" in silent
    assert understood(None, executing=False) == []


ARCHIVE = Download(
    "https://mirror/plugins.tgz", "https://github.com/plugins.tgz", hashlib.sha256(b"it").hexdigest(), ""
)


def test_plugins_are_unpacked_once_and_again_when_one_of_them_was_changed() -> None:
    def ran(found: Installed, executing: bool = True) -> list[str]:
        return commands(cni.plugins, {Plugins: found}, executing=executing, download=ARCHIVE, ca=None)

    there = Installed(ARCHIVE.official_url, ARCHIVE.sha256 or "", True)
    assert ran(there) == []
    assert len(ran(replace(there, intact=False))) == 1
    assert len(ran(replace(there, sha256="0" * 64))) == 1
    assert ran(Installed("", "", False), executing=False) == ["true"]


def test_images_are_pulled_ahead_where_a_node_is_to_be_and_nowhere_else() -> None:
    names = ["registry.k8s.io/pause:3.10", "registry.k8s.io/kube-proxy:v1.36.3"]
    outside, member = {Membership: Left()}, {Membership: MEMBER}
    (pull,) = commands(images.prefetch, outside, images=lambda: names)
    assert all(name in pull for name in names)
    assert commands(images.prefetch, outside, images=lambda: None, executing=False) == ["true"]
    assert "could not list its images" in commands(images.prefetch, outside, images=lambda: None)[0]
    assert commands(images.prefetch, member, images=lambda: names) == []
