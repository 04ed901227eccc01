"""Pods on the pod network: those that lost it are started again, those that nobody starts again are not ended by the way."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.observed.nodes import Workload
from cluster.observed.pods import Networked, networked
from engine import remote
from facts.kubernetes import KubeProxyEndpoint, OnPodNetwork, Workloads
from operations import manifests, pods
from tests.unit.operations.fake_host import commands

SHOP, LONELY = Networked("u1", "web", "shop-1", "n", "ReplicaSet"), Networked("u2", "web", "try", "n", "")
AWAY = Networked("u3", "web", "shop-2", "elsewhere", "ReplicaSet")


def renewed(monkeypatch: pytest.MonkeyPatch, leases: list[str] | None, **more: Any) -> list[str]:
    monkeypatch.setattr(remote, "fact", lambda name, question: leases)
    facts: dict[type, Any] = {OnPodNetwork: [SHOP, LONELY, AWAY]}
    return commands(pods.restart, facts, nodes=["n"], **{"after": [], **more})


def test_pods_that_lost_their_address_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert renewed(monkeypatch, ["u1", "u2"]) == []
    (only,) = renewed(monkeypatch, ["u2"])
    assert "-n web delete pod --ignore-not-found --timeout=180s shop-1" in only
    assert "shop-2" not in only
    assert "could not be read" in renewed(monkeypatch, None)[0]


def test_a_preview_knows_that_all_of_them_will_lose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Change:
        will_change = True

    (only,) = renewed(monkeypatch, ["u1", "u2"], executing=False, after=[Change()])
    assert only.endswith("shop-1 try")


def test_pods_that_nobody_starts_again_stop_it_before_any_change() -> None:
    found: dict[type, Any] = {OnPodNetwork: [SHOP, LONELY, AWAY]}
    (refused,) = commands(pods.check_controllers, found, nodes=["n"], force=False)
    assert "web/try" in refused
    assert "shop" not in refused
    assert commands(pods.check_controllers, found, nodes=["n"], force=True) == []
    assert commands(pods.check_controllers, {OnPodNetwork: [SHOP]}, nodes=["n"], force=False) == []
    ending = replace(LONELY, leaving=True)
    assert commands(pods.check_controllers, {OnPodNetwork: [SHOP, ending]}, nodes=["n"], force=False) == []
    assert "does not answer" in commands(pods.check_controllers, {OnPodNetwork: None}, nodes=["n"], force=True)[0]


def test_only_pods_that_have_an_address_of_the_pod_network_count() -> None:
    owner = {"ownerReferences": [{"kind": "ReplicaSet", "controller": True}]}
    item = {
        "metadata": {"uid": "u1", "namespace": "web", "name": "shop-1", **owner},
        "spec": {"nodeName": "n"},
        "status": {"phase": "Running", "podIP": "10.244.0.2"},
    }
    assert networked(item) == SHOP
    assert networked({**item, "spec": {"nodeName": "n", "hostNetwork": True}}) is None
    assert networked({**item, "status": {"phase": "Pending"}}) is None
    assert networked({**item, "status": {"phase": "Succeeded", "podIP": "10.244.0.2"}}) is None


def test_a_daemon_is_ended_once() -> None:
    flannel = {"namespace": "kube-flannel", "daemon_set": "kube-flannel-ds"}
    found = [Workload("DaemonSet", "kube-flannel", "kube-flannel-ds", 3, 3)]
    (only,) = commands(manifests.delete, {Workloads: found}, **flannel)
    assert "delete daemonset kube-flannel-ds" in only
    assert commands(manifests.delete, {Workloads: []}, **flannel) == []
    assert "does not answer" in commands(manifests.delete, {Workloads: None}, **flannel)[0]


def test_kube_proxy_is_started_again_where_it_asks_another_than_the_name_leads_to() -> None:
    def ran(found: list[str] | None, wanted: str | None, **more: Any) -> list[str]:
        return commands(
            pods.kube_proxy_endpoint, {KubeProxyEndpoint: found}, api="api.example", address=lambda: wanted, **more
        )

    assert ran(["100.64.10.1"], "100.64.10.1") == []
    assert ran([], "100.64.10.1") == []
    assert ran(["100.64.10.2"], "100.64.10.1") == ["sh -s"]
    assert ran([], None, executing=False) == []
    assert "could not be read" in ran([], None)[0]
    assert "could not be read" in ran(None, "100.64.10.1")[0]


def test_kube_proxys_own_hosts_file_is_read(tmp_path: Path) -> None:
    """The fact's script on a folder that looks like /proc."""
    for number, comm, hosts in (
        ("7", "kube-proxy", "10.0.0.1 a api.example\n10.0.0.2 api.example"),
        ("8", "sh", "10.0.0.9 api.example"),
    ):
        (tmp_path / number / "root" / "etc").mkdir(parents=True)
        (tmp_path / number / "comm").write_text(f"{comm}\n")
        (tmp_path / number / "root" / "etc" / "hosts").write_text(f"# api.example\n{hosts}\n")
    script = KubeProxyEndpoint().command("api.example").replace("/proc/", f"{tmp_path}/")
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert KubeProxyEndpoint().process(said.splitlines()) == ["10.0.0.1"]
