"""kubeadm reset: once, and never a node of another cluster."""

from __future__ import annotations

import pytest

from cluster.observed.kubeadm_state import Membership as Left
from engine import remote
from facts.kubernetes import Membership
from facts.paths import Present
from operations import kubeadm_reset
from tests.unit.operations.fake_host import MINE, OTHERS, commands


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
