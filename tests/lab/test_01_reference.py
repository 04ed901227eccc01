"""The inventory of this repository: from nothing to a verified cluster, and what must then hold. In order, cheap to dear."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.expected import EXPECTED, target
from tests.places import PROJECT

pytestmark = pytest.mark.lab
# One of each kind; test_10_faults.py has them all.
TELLING = ("tailscaled-stopped", "pods-cut-off", "guest-route")


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    yield from rehearsal(PROJECT / "inventory.py", "test-01", watched)


def far_pairs(world: Rehearsal) -> list[tuple[str, str]]:
    """(name, LAN address) of each pair in two sites."""
    return [(a.name, str(b.lan_address)) for a, b in world.pairs() if a.site != b.site]


def test_preview_of_a_fresh_world_touches_nothing(world: Rehearsal) -> None:
    common.preview_touches_nothing(world)


def test_lans_are_apart_before_the_deploy(world: Rehearsal) -> None:
    """As in life: no host reaches another site's LAN, and in a routed fabric a guest's route by a neighbour goes nowhere."""
    wanted = {host.name: {} for host in world.cluster.hosts}
    for name, address in far_pairs(world):
        wanted[name][address] = address
    assert len(world.unreachable(wanted)) == len(far_pairs(world))
    first, neighbour = next((a, b) for a, b in world.pairs() if a.site == b.site and a.site.fabric == "routed")
    target = next(host for host in world.cluster.hosts if host.site.nat == "masquerade").lan_address
    script = f"ip route add {target} via {neighbour.lan_address} onlink dev $(ip -o route get {neighbour.lan_address} | sed 's/.* dev \\([^ ]*\\).*/\\1/') && ping -c 2 -W 2 {target}; code=$?; ip route del {target}; exit $code"
    assert world.on(first, script).returncode == 1


def test_make_lab_ends_with_a_verified_cluster(world: Rehearsal) -> None:
    result = world.call(["make", "lab", f"RUN={world.run}"])
    assert result.returncode == 0, result.output[-8000:]
    measured = json.loads((PROJECT / "build" / "verify.json").read_text())
    nodes = [host.name for host in world.cluster.nodes]
    assert measured["problems"] == []
    assert {host["name"] for host in measured["hosts"] if host["tailnet"] and host["tailnet"]["addresses"]} == {
        host.name for host in world.cluster.hosts
    }
    assert {host["name"] for host in measured["hosts"] if host["node"] == "Ready"} == set(nodes)
    assert measured["pods"]["paths"] == {node: {other: True for other in nodes if other != node} for node in nodes}
    assert measured["pods"]["dns"] == measured["pods"]["service"] == dict.fromkeys(nodes, True)


def test_paths_between_clouds_and_home_are_direct(world: Rehearsal) -> None:
    measured = json.loads((PROJECT / "build" / "verify.json").read_text())
    kinds = {(host["name"], other): path["kind"] for host in measured["hosts"] for other, path in host["paths"].items()}
    assert len(kinds) == len(world.pairs())
    assert set(kinds.values()) == {"direct"}


def test_round_trips_are_true(world: Rehearsal) -> None:
    common.round_trips_are_true(world)


def test_hosts_are_as_declared(world: Rehearsal) -> None:
    common.hosts_are_as_declared(world)


def test_second_run_changes_nothing(world: Rehearsal) -> None:
    common.second_run_changes_nothing(world)


def test_preview_of_a_converged_world_lists_nothing(world: Rehearsal) -> None:
    common.preview_lists_nothing(world)


def test_every_host_reaches_every_host(world: Rehearsal) -> None:
    common.every_host_reaches_every_host(world)


def test_far_lan_is_one_hop_away(world: Rehearsal) -> None:
    """One hop: the packet's time to live is not touched between the two hosts."""
    for name, address in far_pairs(world):
        said = world.on(name, f"ping -n -c 1 -W 3 {address}").stdout
        assert "ttl=64" in said, f"{name} → {address}: {said}"


def test_blocked_site_pulled_nothing_from_an_official_name(world: Rehearsal) -> None:
    from lab.mirror import OFFICIAL

    blocked = {str(host.public_address) for host in world.cluster.hosts if host.site.blocked}
    requests = [json.loads(line) for line in world.must("log").stdout.splitlines()]
    assert any(request["client"] in blocked for request in requests), "the blocked site fetched from mirrors"
    assert [
        request
        for request in requests
        if request["client"] in blocked and request["host"] in OFFICIAL and request["host"] != "deb.debian.org"
    ] == []


def test_facts_answer_in_json_for_all_hosts(world: Rehearsal) -> None:
    facts = [
        "facts.tailscale.Status",
        "facts.tailscale.Prefs",
        "facts.headscale.Nodes",
        "facts.headscale.Routes",
        "facts.kubernetes.KubeletVersion",
        "facts.kubernetes.Nodes",
        "facts.containerd.Config",
        "facts.dpkg.Arch",
        "facts.machine.Survey",
    ]
    for fact in facts:
        result = world.pyinfra("fact", fact, "--json")
        assert result.returncode == 0, result.output
        assert set(json.loads(result.stdout)[fact]) == {host.name for host in world.cluster.hosts}


def test_operator_reaches_the_api_as_the_kubeconfig_says(world: Rehearsal) -> None:
    path = PROJECT / "build" / "kubeconfig"
    assert path.stat().st_mode & 0o777 == 0o600
    tunnel = next(line for line in path.read_text().splitlines() if "ssh -N -L" in line)
    kubectl = f"kubectl --kubeconfig {path} --request-timeout 5s"
    script = (
        f"{tunnel[tunnel.index('ssh -N') :]} & tunnel=$!; "
        f"for try in $(seq 30); do {kubectl} get --raw /readyz >/dev/null 2>&1 && break; sleep 0.5; done; "
        f"{kubectl} get nodes -o name; code=$?; kill $tunnel; exit $code"
    )
    result = world.lab("operator", "--", "sh", "-c", script)
    assert result.returncode == 0, result.output
    assert set(result.stdout.split()) == {f"node/{host.name}" for host in world.cluster.nodes}


def test_relayed_when_udp_is_blocked(world: Rehearsal) -> None:
    site = next(host.site for host in world.cluster.hosts if host.site.nat == "masquerade")
    world.must("break", "udp-blocked", site.site)
    try:
        result = world.lab("verify", timeout=600)
        measured = json.loads((PROJECT / "build" / "verify.json").read_text())
        assert result.returncode == 1, result.output
        kinds = {
            path["kind"]
            for host in measured["hosts"]
            if host["site"] == site.site
            for other, path in host["paths"].items()
            if world.cluster.host(other).site != site
        }
        assert kinds == {"relayed"}
        assert {problem["check"] for problem in measured["problems"]} == {"path-relayed"}
        common.every_host_reaches_every_host(world)
    finally:
        world.must("heal", "udp-blocked", site.site)


@pytest.mark.parametrize("fault", TELLING)
def test_a_fault_is_reported_and_nothing_else(world: Rehearsal, fault: str) -> None:
    common.fault_is_reported(world, fault, target(world.cluster, fault), EXPECTED[fault])


def test_power_cut_of_all_hosts_heals_by_itself(world: Rehearsal) -> None:
    common.heals_after_a_power_cut(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
