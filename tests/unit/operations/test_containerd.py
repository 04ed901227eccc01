"""The configuration is what containerd reads, not what its file says."""

from __future__ import annotations

from dataclasses import replace

from cluster.documents.containerd import Containerd, Settings
from facts.containerd import Config
from operations import containerd
from tests.unit.operations.fake_host import commands

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
