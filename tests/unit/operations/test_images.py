"""Images pulled where a registry answers, taken from another node where none does, and left alone where they are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster import images as wanted
from cluster.model import Cluster, Host
from cluster.observed.kubeadm_state import Membership as Left
from engine import remote
from facts.containerd import Answering, Pulled
from facts.dpkg import Arch
from facts.kubernetes import Images, Membership
from operations import images
from tests.unit.cluster.test_images import DNS, NAMED, PAUSE, PROXY
from tests.unit.cluster.test_tasks import THREE
from tests.unit.operations.fake_host import MINE, commands

WORKER = THREE.host("edge1")
ALL = list(wanted.needed(THREE, WORKER, NAMED))
OFFICIAL, FLANNELS = "https://registry.k8s.io", "https://ghcr.io"
MEMBER = Left(True, MINE, MINE)


def run(operation: Any, there: list[str] | None, answering: list[str], named: Any = NAMED, **more: Any) -> list[str]:
    facts: dict[type, Any] = {Images: named, Pulled: there, Answering: answering, Arch: "amd64"}
    return commands(operation, facts, cluster=THREE, node=WORKER, version="1.36.3", **more)


def test_what_is_missing_is_pulled_and_nothing_twice() -> None:
    there = [image for image in ALL if image not in (PROXY, DNS)]
    proxy, dns = run(images.pull, there, [OFFICIAL, FLANNELS])
    assert "images pull --hosts-dir /etc/containerd/certs.d registry.k8s.io/kube-proxy:v1.36.3" in proxy
    assert dns.count(DNS) == 1
    assert run(images.pull, ALL, []) == []
    assert run(images.send, ALL, []) == []


def test_what_no_registry_gives_is_not_pulled() -> None:
    assert len(run(images.pull, [], [OFFICIAL])) == 3
    assert run(images.pull, [], []) == []


def test_nothing_is_done_where_something_is_not_known() -> None:
    for operation in (images.pull, images.send):
        for there, named in ((None, NAMED), ([], None), ([], [])):
            (refused,) = run(operation, there, [], named)
            assert "could not be listed" in refused


def test_another_node_of_the_same_architecture_gives_what_can_not_be_pulled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def source(cluster: Cluster, node: Host, names: list[str]) -> str:
        asked.extend(names)
        return "core1"

    def say(name: str, command: str, **more: Any) -> str:
        asked.append(command)
        return ""

    monkeypatch.setattr(images, "_source", source)
    monkeypatch.setattr(remote, "run", say)
    monkeypatch.setattr(remote, "fetch", lambda name, path, local, temporary: local.write_text("archive"))
    there = [image for image in ALL if image != PAUSE]
    made, _, imported = run(images.send, there, [FLANNELS])
    assert asked[0] == PAUSE
    assert f"images export --local {images.ARCHIVE} {PAUSE}" in asked[1]
    assert made.startswith("mkdir")
    assert "images import" in imported
    assert list((tmp_path / "build").iterdir()) == []
    assert run(images.send, there, [FLANNELS], executing=False) == ["true"]


def test_where_nobody_has_them_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_source", lambda cluster, node, names: None)
    (refused,) = run(images.send, [], [FLANNELS])
    assert "no other node of this architecture" in refused


def test_images_are_pulled_ahead_where_a_node_is_to_be_and_nowhere_else() -> None:
    names = ["registry.k8s.io/pause:3.10", "registry.k8s.io/kube-proxy:v1.36.3"]
    outside, member = {Membership: Left()}, {Membership: MEMBER}
    (pull,) = commands(images.prefetch, outside, images=lambda: names)
    assert all(name in pull for name in names)
    assert commands(images.prefetch, outside, images=lambda: None, executing=False) == ["true"]
    assert "could not list its images" in commands(images.prefetch, outside, images=lambda: None)[0]
    assert commands(images.prefetch, member, images=lambda: names) == []
