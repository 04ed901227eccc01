"""A member leaves etcd once, and only if the quorum stays."""

from __future__ import annotations

import pytest

from cluster.observed.etcd import Member
from cluster.observed.headscale import Node as Machine
from cluster.observed.nodes import Node
from engine import remote
from facts.etcd import Members
from facts.headscale import Nodes
from facts.kubernetes import Nodes as KubernetesNodes
from operations import etcd, headscale, nodes
from tests.unit.operations.fake_host import commands

NODE = Node("n", True, "", "1.36.3", (), "", "", "", {}, (), True)
MACHINE = Machine(7, "n-1", "n", (), "", (), False, (), (), ())
THREE = [Member("1a", "x", True), Member("1b", "y", True), Member("1c", "n", False)]


def test_the_api_headscale_and_etcd_forget_a_host_once() -> None:
    (node,) = commands(nodes.delete_node, {KubernetesNodes: [NODE]}, node="n")
    assert "delete node n" in node
    assert commands(nodes.delete_node, {KubernetesNodes: []}, node="n") == []
    assert "does not answer" in commands(nodes.delete_node, {KubernetesNodes: None}, node="n")[0]
    (machine,) = commands(headscale.delete_machine, {Nodes: (MACHINE,)}, hostname="n")
    assert "nodes delete --identifier 7 --force" in machine
    assert commands(headscale.delete_machine, {Nodes: ()}, hostname="n") == []
    (member,) = commands(etcd.remove_member, {Members: THREE}, leaving="n", is_reset=False)
    assert member.endswith("member remove 1c")
    assert commands(etcd.remove_member, {Members: THREE[:2]}, leaving="n", is_reset=False) == []


@pytest.mark.parametrize(("there", "count"), [([etcd.MEMBER], 0), ([], 1)])
def test_the_preview_knows_that_kubeadm_takes_a_member_out(
    monkeypatch: pytest.MonkeyPatch, there: list[str], count: int
) -> None:
    monkeypatch.setattr(remote, "fact", lambda name, question, **arguments: there)
    preview = commands(etcd.remove_member, {Members: THREE}, leaving="n", is_reset=True, executing=False)
    assert len(preview) == count
    assert len(commands(etcd.remove_member, {Members: THREE}, leaving="n", is_reset=True)) == 1


def test_etcds_quorum_is_looked_at_before_anything_is_done() -> None:
    assert commands(etcd.check_quorum, {Members: THREE}, leaving="n") == []
    assert "The API would stop" in commands(etcd.check_quorum, {Members: THREE}, leaving="x")[0]
    assert "could not be listed" in commands(etcd.check_quorum, {Members: None}, leaving="x")[0]
