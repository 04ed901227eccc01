"""A host's way out, and what is cleaned behind it: each once, others' things never, and nothing where it is not understood."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from cluster.observed.cni import Installed
from cluster.observed.etcd import Member
from cluster.observed.headscale import Key
from cluster.observed.headscale import Node as Machine
from cluster.observed.kubeadm_state import Membership as Left
from cluster.observed.network import ForwardingState
from cluster.observed.nodes import Node
from cluster.observed.packages import Package
from cluster.observed.systemd import Unit
from cluster.observed.tailscale import ClientStatus
from engine import remote
from facts.cni import Plugins
from facts.dpkg import Packages
from facts.etcd import Members
from facts.files import Content
from facts.headscale import Keys, Nodes
from facts.kubernetes import Membership
from facts.kubernetes import Nodes as KubernetesNodes
from facts.machine import DisabledSwap
from facts.network import Forwarding, NftTables, PodRoutes, Saved
from facts.paths import Links, Present
from facts.systemd import State
from facts.tailscale import Status
from operations import etcd, headscale, kubeadm_reset, nodes, tailscale, uninstall
from tests.unit.operations.fake_host import commands

MINE, OTHERS = "a" * 64, "b" * 64
NODE = Node("n", True, "", "1.36.3", (), "", "", "", {}, (), True)
MACHINE = Machine(7, "n-1", "n", (), "", (), False, (), (), ())
THREE = [Member("1a", "x", True), Member("1b", "y", True), Member("1c", "n", False)]
RUNNING = Unit(loaded=True, active=True, failed=False, enabled=True, needs_reload=False, outdated=False)


def reset(found: Left | None, present: list[str] | None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(remote, "fact", lambda name, question, **arguments: Left(True, MINE, MINE))
    return commands(kubeadm_reset.reset, {Membership: found, Present: present}, authority_of="first")


def test_a_node_is_reset_once_and_another_clusters_never(monkeypatch: pytest.MonkeyPatch) -> None:
    there = ["/etc/kubernetes/kubelet.conf"]
    assert reset(Left(True, MINE, ""), there, monkeypatch) == ["sh -s"]
    assert reset(Left(), [], monkeypatch) == []
    assert "another cluster" in reset(Left(True, OTHERS, ""), there, monkeypatch)[0]
    assert "could not be read" in reset(None, there, monkeypatch)[0]
    # kubeadm was interrupted: what is left is not foreign.
    assert reset(Left(), ["/var/lib/etcd/member"], monkeypatch) == ["sh -s"]


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


def test_keys_of_ours_are_taken_back_and_a_client_leaves() -> None:
    (only,) = commands(headscale.expire_keys, {Keys: (Key(3, ("tag:node",)), Key(4, ("tag:x",)))}, tag="tag:node")
    assert "--id 3" in only
    assert "--id 4" not in only
    assert commands(tailscale.log_out, {Status: ClientStatus("NeedsLogin")}) == []
    assert commands(tailscale.log_out, {Status: ClientStatus("Running")}) == ["timeout 60 tailscale logout"]


def test_what_still_opens_the_tailnet_is_taken_back_whoever_made_it() -> None:
    later, before = int(time.time()) + 600, int(time.time()) - 600
    keys = (Key(1, (), ends=later), Key(2, ("tag:x",), spent=True, ends=later), Key(3, (), ends=before), Key(4, ()))
    (only,) = commands(headscale.expire_keys, {Keys: keys})
    assert [number for number in "1234" if f"delete --id {number}" in only] == ["1", "4"]
    assert commands(headscale.expire_keys, {Keys: keys[1:3]}) == []
    assert "does not answer" in commands(headscale.expire_keys, {Keys: None})[0]


def test_only_our_links_routes_and_tables_go() -> None:
    facts: dict[type, Any] = {Links: ["cni0"], PodRoutes: ["10.244.1.0/24", "192.0.2.0/24"]}
    (only,) = commands(uninstall.pod_network, facts, pod_cidr=IPv4Network("10.244.0.0/16"))
    assert "ip link delete cni0" in only
    assert "10.244.1.0/24" in only
    assert "192.0.2.0" not in only
    none: dict[type, Any] = {Saved: {"iptables-nft": ["*filter", ":INPUT DROP [0:0]", "COMMIT"]}}
    assert commands(uninstall.packet_filters, {**none, NftTables: [("inet", "theirs")]}, keep_tailnet=False) == []
    clamp = {**none, NftTables: [("inet", "isthmus_mss")]}
    assert commands(uninstall.packet_filters, clamp, keep_tailnet=False) == ["sh -s"]
    assert commands(uninstall.packet_filters, clamp, keep_tailnet=True) == []


def test_files_packages_and_services_go_once() -> None:
    assert commands(uninstall.absent, {Present: []}, paths=["/a"]) == []
    removed, restarted = commands(uninstall.absent, {Present: ["/a b"]}, paths=["/a*"], services=["x.service"])
    assert "rm -rf --one-file-system -- '/a b'" in removed
    assert "restart x.service" in restarted
    found = {"kubelet": Package("1", True), "containerd.io": Package("2", True), "tailscale": None}
    unhold, purge = commands(
        uninstall.packages, {Packages: found}, names=["kubelet", "tailscale"], released=["containerd.io"]
    )
    assert unhold == "apt-mark unhold kubelet containerd.io"
    assert purge.endswith("purge kubelet")
    assert len(commands(uninstall.units, {State: RUNNING}, names=["a.service"])) == 1
    assert commands(uninstall.units, {State: replace(RUNNING, active=False, enabled=False)}, names=["a.service"]) == []


def test_lines_of_ours_go_and_all_others_stay() -> None:
    theirs = ["127.0.0.1 localhost"]
    assert commands(uninstall.host_names, {Content: theirs}) == []
    assert commands(uninstall.host_names, {Content: [*theirs, "# begin isthmus", "# end isthmus"]}) == ["sh -s"]
    assert commands(uninstall.saved_rules, {Content: ["*filter", ":INPUT ACCEPT [0:0]", "COMMIT"]}) == []
    assert commands(uninstall.routing_rules, {Forwarding: ForwardingState((), True, ())}) == []
    (rule,) = commands(uninstall.routing_rules, {Forwarding: ForwardingState(("10.0.0.0/24",), True, ())})
    assert rule == "ip -4 rule del to 10.0.0.0/24 priority 2500"
    assert commands(uninstall.swap_lines, {DisabledSwap: []}) == []
    assert commands(uninstall.plugins, {Plugins: Installed("", "", False)}) == []
