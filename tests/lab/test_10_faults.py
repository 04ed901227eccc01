"""Each named fault makes verify report its check, and nothing else that is not a consequence; healed, verify is clean."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest

from lab.polling import wait_until
from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.expected import ASSERTED, EXPECTED, QUIET, having, target
from tests.places import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    for made in rehearsal(PROJECT / "inventory.py", "test-10", watched):
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


@pytest.mark.parametrize("fault", EXPECTED)
def test_a_fault_is_reported_and_nothing_else(world: Rehearsal, fault: str) -> None:
    common.fault_is_reported(world, fault, target(world.cluster, fault), EXPECTED[fault])


@pytest.mark.parametrize("fault", ASSERTED)
def test_assertions_of_the_role_fail_for_that_host_alone(world: Rehearsal, fault: str) -> None:
    """Healed, they hold again."""
    role, wanted = ASSERTED[fault]
    asked = (having(world.cluster, role), f"tests/hosts/test_{role}.py")
    with common.broken(world, fault, target(world.cluster, fault)):
        failed = [name.partition("::test_")[2] for name, held in common.asserted(world, *asked).items() if not held]
    assert wanted <= {name.partition("[")[0] for name in failed}
    # Others may lose their way to it.
    about = set.intersection(*(set(re.split(r"[\[\]-]", name)) for name in failed))
    assert about & {host.name for host in world.cluster.hosts}, failed
    world.must("verify", "--wait", "180", timeout=600)
    assert [name for name, held in common.asserted(world, *asked).items() if not held] == []


@pytest.mark.parametrize("fault", QUIET)
def test_a_bad_line_is_no_false_alarm(world: Rehearsal, fault: str) -> None:
    with common.broken(world, fault, target(world.cluster, fault)):
        world.must("verify", "--wait", "60")


def test_what_causes_the_other_comes_first(world: Rehearsal) -> None:
    host = target(world.cluster, "disk-full")
    with common.broken(world, "kubelet-stopped", host), common.broken(world, "disk-full", host):
        problems = common.problems(world)
        assert [problem["check"] for problem in problems] == ["disk-pressure"]
        assert "node-not-ready" in {below["check"] for below in problems[0]["consequences"]}
    world.must("verify", "--wait", "180")


def test_two_causes_are_both_told(world: Rehearsal) -> None:
    one, other = target(world.cluster, "tailscaled-stopped"), target(world.cluster, "port-exposed")
    with common.broken(world, "tailscaled-stopped", one), common.broken(world, "clock-skew", other):
        assert {problem["check"] for problem in common.problems(world)} == {"tailnet-down", "clock-skew"}
    world.must("verify", "--wait", "180")


def test_an_exception_that_is_not_declared(world: Rehearsal) -> None:
    result = world.pyinfra("verify.py", "--json", "--data", "only=cgroup-exception", "--data", "exceptions=[]")
    assert result.returncode == 1, result.output
    found = json.loads(result.stdout)["problems"]
    assert {problem["check"] for problem in found} == {"cgroup-exception"}
    assert {name for problem in found for name in problem["hosts"]} == {host.name for host in world.cluster.nodes}


def test_the_probe_goes_though_verify_is_killed(world: Rehearsal) -> None:
    speaker = world.cluster.control_planes[0]
    left = "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl get namespaces -l isthmus=verify -o name"
    running = world.begin("operator", "--", "pyinfra", "-y", str(world.inventory), "verify.py")
    assert wait_until(lambda: bool(world.on(speaker, left).stdout.strip()), 60, interval=0.5), (
        "the probe was never there"
    )
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert wait_until(lambda: not world.on(speaker, left).stdout.strip(), 120, interval=1)
