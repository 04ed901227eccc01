"""How Kubernetes' own tests are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.inventory.declare import declare
from cluster.model import Cluster
from lab import mirror
from lab.conformance import run

PODS = "[sig-network] Networking Pods should talk: http [NodeConformance] [Conformance]"
JOBS = "[sig-apps] Job should (re)start, once [Conformance]"


def cluster() -> Cluster:
    host = {
        "coordination_name": "mesh.example.org",
        "acme_email": "operator@example.org",
        "exceptions": ("container", "cgroup-v1"),
        "site": "rack",
        "lan": "10.0.0.0/24",
        "nat": "one_to_one",
        "roles": ("gateway", "coordinator", "control_plane"),
        "lan_address": "10.0.0.1",
        "public_address": "203.0.113.1",
        "ssh_hostname": "203.0.113.1",
        "dns_domain": "rack.local",
        "taints": ({"key": "example.org/slow", "effect": "NoSchedule"},),
    }
    return declare({"one": host})


def test_the_tests_are_told_what_the_inventory_declares() -> None:
    words = run.command(mirror.Tests(Path("/e2e.test"), Path("/ginkgo"), ()), cluster(), [JOBS], 3)
    assert words[:2] == ["/ginkgo", "--procs=3"]
    assert words.index("/e2e.test") < words.index("--") < words.index("--dns-domain=rack.local")
    assert "--non-blocking-taints=example.org/slow,node-role.kubernetes.io/control-plane" in words


def test_lines_are_shown_as_tests_end(capsys: pytest.CaptureFixture[str]) -> None:
    run.print_progress(iter(["x", "• [2.000 seconds]", JOBS, "y", "• [FAILED] [3.000 seconds]", PODS]), 9)
    assert capsys.readouterr().out.splitlines() == [
        f"  1 of 9  passed      2.0 s  {JOBS}",
        f"  2 of 9  failed      3.0 s  {PODS}",
    ]
