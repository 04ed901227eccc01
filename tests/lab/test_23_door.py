"""The door: each port closed in turn at a site's router, the name leading elsewhere; a deploy stops before its first change, and says why."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from cluster.observed.machine import parse_firmware
from cluster.providers import provider_of
from facts.door import FIRMWARE_SCRIPT
from tests.lab import common
from tests.lab.conftest import Rehearsal, Result, rehearsal
from tests.lab.expected import DOOR, target
from tests.lab.tasks import DAY_TWO

pytestmark = [pytest.mark.lab, pytest.mark.long]
LIMIT_S = 20


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    yield from rehearsal(DAY_TWO, "test-23", watched, "--acme")


def timed(world: Rehearsal, *arguments: str) -> tuple[Result, float]:
    began = time.monotonic()
    result = world.pyinfra(*arguments)
    return result, time.monotonic() - began


def test_a_preview_of_a_fresh_world_passes_the_door(world: Rehearsal) -> None:
    # The first login and the first questions cost their own time.
    world.previewed()
    result, took = timed(world, "deploy.py", "--dry")
    assert result.returncode == 0, result.output[-4000:]
    print(f"preview with all ports open: {took:.1f} s")


@pytest.mark.parametrize("fault", DOOR)
def test_a_closed_door_stops_the_preview_with_the_right_line(world: Rehearsal, fault: str) -> None:
    with common.broken(world, fault, target(world.cluster, fault)):
        result, took = timed(world, "deploy.py", "--dry")
    print(f"{fault}: {took:.1f} s")
    assert result.returncode == 1, result.output[-4000:]
    assert DOOR[fault] in result.output
    assert len(re.findall(r"^ *what ", result.output, re.M)) == 1, result.output[-4000:]
    assert "Traceback" not in result.output
    assert took < LIMIT_S


def test_the_line_has_the_address_the_witnesses_and_the_cloud_s_own_rule(world: Rehearsal) -> None:
    gateway = world.cluster.gateway
    firmware = parse_firmware(world.on(gateway, FIRMWARE_SCRIPT).stdout.splitlines())
    with common.broken(world, "login-closed", []):
        result = world.pyinfra("deploy.py", "--dry")
    assert f"{gateway.name} TCP 443, inbound" in result.output
    assert f"attic (house) and the operator's machine arrives at {gateway.internet_address}" in result.output
    assert provider_of(firmware).console in result.output


def test_a_deploy_stops_before_its_first_change(world: Rehearsal) -> None:
    before = common.fresh_state(world)
    with common.broken(world, "stun-closed", []):
        result, took = timed(world, "-y", "deploy.py")
    assert (result.returncode, "UDP 3478, inbound" in result.output) == (1, True), result.output[-4000:]
    assert took < LIMIT_S
    after = common.fresh_state(world)
    touched = {name: sorted({*state.splitlines()} ^ {*after[name].splitlines()}) for name, state in before.items()}
    assert {name: lines for name, lines in touched.items() if lines} == {}


def test_what_a_host_s_own_filter_drops_is_no_closed_door(world: Rehearsal) -> None:
    """The deploy itself admits what it needs there; only what is lost in front of the host is the operator's."""
    gateway = world.cluster.gateway
    rule = "INPUT -p udp --dport 3478 -j DROP"
    assert world.on(gateway, f"iptables -I {rule}").returncode == 0
    try:
        result, took = timed(world, "deploy.py", "--dry")
    finally:
        world.on(gateway, f"iptables -D {rule}")
    assert "UDP 3478, inbound" not in result.output
    assert took < LIMIT_S


def test_with_an_open_door_it_becomes_a_cluster_that_is_not_tried_again(world: Rehearsal) -> None:
    world.must("deploy")
    world.must("verify", "--wait", "120")
    for fault in ("wireguard-closed", "stun-closed", "acme-closed"):
        with common.broken(world, fault, target(world.cluster, fault)):
            common.second_run_changes_nothing(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
