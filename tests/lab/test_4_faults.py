"""Each named fault makes verify report its check, and nothing else that is not a consequence; healed, verify is clean."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.conftest import PROJECT, Rehearsal, rehearsal

pytestmark = [pytest.mark.lab, pytest.mark.long]
# fault → the check that names it. `host` is a worker behind the home router, `site` its site, unless said otherwise.
EXPECTED = {
    "udp-blocked": "path-relayed",
    "small-mtu": "mtu-black-hole",
    "mirror-gone": "mirror-unreachable",
    "dns-broken": "dns-host",
    "host-gone": "host-unreachable",
    "clock-skew": "clock-skew",
    "disk-full": "disk-pressure",
    "file-changed": "drift",
    "foreign-chain": "foreign-reject-rule",
    "lan-captured": "lan-overlap",
    "tailscaled-stopped": "tailnet-down",
    "containerd-stopped": "node-not-ready",
    "kubelet-stopped": "node-not-ready",
    "route-unapproved": "route-not-approved",
    "routes-refused": "route-not-accepted",
    "headscale-stopped": "headscale-health",
    "service-rules-gone": "kube-proxy-rules",
    "cluster-dns-gone": "dns-pod",
}
SITE_FAULTS = ("udp-blocked", "small-mtu", "mirror-gone")
NO_TARGET = ("headscale-stopped", "cluster-dns-gone")


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    for made in rehearsal(PROJECT / "inventory.py", "test-4", watched):
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def target(world: Rehearsal, fault: str) -> list[str]:
    """A worker behind the router that masquerades, or its site, or nothing."""
    if fault in NO_TARGET:
        return []
    host = next(host for host in world.cluster.nodes if host.site.nat == "masquerade")
    return [host.site.site if fault in SITE_FAULTS else host.name]


@pytest.mark.parametrize("fault", EXPECTED)
def test_a_fault_is_reported_and_nothing_else(world: Rehearsal, fault: str) -> None:
    at = target(world, fault)
    world.must("break", fault, *at)
    try:
        result = world.lab("verify", timeout=300)
        measured = json.loads((PROJECT / "build" / "verify.json").read_text())
        assert result.returncode == 1, result.output[-4000:]
        assert {problem["check"] for problem in measured["problems"]} == {EXPECTED[fault]}, result.stdout
    finally:
        world.must("heal", fault, *at)
    world.must("verify", "--wait", "180", timeout=600)
