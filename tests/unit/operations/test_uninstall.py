"""What isthmus brought goes once; other programs' links, rules and lines stay."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from cluster.observed.cni import Installed
from cluster.observed.network import ForwardingState
from cluster.observed.packages import Package
from cluster.observed.systemd import Unit
from facts.cni import Plugins
from facts.dpkg import Packages
from facts.files import Whole
from facts.network import Forwarding, NftTables, PodRoutes, Saved
from facts.paths import Links, Present
from facts.swap import DisabledSwap
from facts.systemd import State
from operations import uninstall
from tests.unit.operations.fake_host import commands

RUNNING = Unit(loaded=True, active=True, failed=False, enabled=True, needs_reload=False, outdated=False)


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
    assert unhold.endswith(" apt-mark unhold kubelet containerd.io")
    assert purge.endswith("purge kubelet")
    assert len(commands(uninstall.units, {State: RUNNING}, names=["a.service"])) == 1
    assert commands(uninstall.units, {State: replace(RUNNING, active=False, enabled=False)}, names=["a.service"]) == []


def test_lines_of_ours_go_and_all_others_stay() -> None:
    theirs = "127.0.0.1 localhost\n"
    assert commands(uninstall.host_names, {Whole: theirs}) == []
    assert commands(uninstall.host_names, {Whole: f"{theirs}# begin isthmus\n# end isthmus\n"}) == ["sh -s"]
    assert commands(uninstall.saved_rules, {Whole: "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"}) == []
    assert commands(uninstall.routing_rules, {Forwarding: ForwardingState((), True, ())}) == []
    (rule,) = commands(uninstall.routing_rules, {Forwarding: ForwardingState(("10.0.0.0/24",), True, ())})
    assert rule == "ip -4 rule del to 10.0.0.0/24 priority 2500"
    assert commands(uninstall.swap_lines, {DisabledSwap: []}) == []
    assert commands(uninstall.plugins, {Plugins: Installed("", "", False)}) == []
