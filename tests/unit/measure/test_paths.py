"""Which pairs of hosts are asked again, and whose round trip is a path's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cluster.observed.network import RoundTrip
from cluster.observed.tailscale import ClientStatus, Path
from measure import ask, paths, questions
from measure.question import Question, Target, script
from report.measurement import HostMeasured
from tests.unit.report import synthetic

CLUSTER = synthetic.homes(1)
HUB, BOX = "hub", "box0-1"


def hosts(**changes: Mapping[str, Any]) -> dict[str, HostMeasured]:
    """What was measured of each, with other values for some, by name with _ for -."""
    found = {host.name: host for host in synthetic.measured(CLUSTER).hosts}
    return {name: replace(host, **changes.get(name.replace("-", "_"), {})) for name, host in found.items()}


def test_nothing_is_asked_again_if_all_have_answered() -> None:
    assert {name: paths._silent(CLUSTER, hosts(), name) for name in hosts()} == dict.fromkeys(hosts())


def test_what_was_silent_is_asked_again_and_nothing_else() -> None:
    found = hosts(hub={"paths": {BOX: Path("none"), "box0-2": Path("direct", 1.0)}, "lan_answers": {"box0-2": False}})
    target = paths._silent(CLUSTER, found, HUB)
    assert target is not None
    assert list(target.tailnet.values()) == [BOX]
    assert list(target.lan.values()) == ["box0-2"]
    assert (target.pod_gateways, target.ports, target.far) == ({}, {}, ())
    assert "tailscale ping --c 2 " in script(questions.REACH, target, "mark")


def test_a_host_that_is_out_of_the_tailnet_is_not_asked_again() -> None:
    silent = {"paths": {BOX: Path("none")}, "lan_answers": {BOX: False}}
    for gone in ({"reached": False}, {"tailnet": ClientStatus("Stopped")}, {"tailnet": None}):
        assert paths._silent(CLUSTER, hosts(hub=silent, box0_1=gone), HUB) is None


def test_the_second_answer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    first = hosts(
        hub={"paths": {BOX: Path("none"), "box0-2": Path("direct", 1.0)}, "lan_answers": {BOX: False, "x": True}}
    )

    def answers(rows: tuple[Question, ...], target: Target, *_: Any) -> dict[str, Any]:
        assert target.host.name == HUB
        return {}

    fields = {"paths": {BOX: Path("direct")}, "lan_answers": {BOX: True}}
    monkeypatch.setattr(ask, "answers", answers)
    monkeypatch.setattr(paths, "read", lambda *_: fields)
    found = paths.asked_again(CLUSTER, first)
    assert found[HUB].paths == {BOX: Path("direct"), "box0-2": Path("direct", 1.0)}
    assert found[HUB].lan_answers == {BOX: True, "x": True}
    assert found[BOX] == first[BOX]


@pytest.mark.parametrize(
    "address",
    ["100.64.10.3;touch /tmp/x", "/e;touch /tmp/x;#", "8.8.8.8", "", "fd7a:115c:a1e0::1", "100.64.10.3 100.64.10.4"],
)
def test_no_other_host_runs_what_one_host_calls_its_address(address: str) -> None:
    found = hosts(box0_1={"tailnet": ClientStatus("Running", addresses=(address,))})
    assert BOX not in paths._target(CLUSTER, found, HUB).tailnet.values()


def trips(there: float, back: float, average: float = 0.0) -> dict[tuple[str, str], RoundTrip]:
    return {("a", "b"): RoundTrip(there, max(there, average)), ("b", "a"): RoundTrip(back, back)}


@pytest.mark.parametrize(
    ("times", "again"),
    [
        (trips(100.8, 101.9), {}),
        (trips(0.2, 0.9), {}),  # a LAN, whose round trip is shorter than a processor's turn
        (trips(101.0, 119.0), {"a": ["b"], "b": ["a"]}),
        (trips(118.0, 119.0, average=160.0), {"a": ["b"]}),
        ({("a", "b"): RoundTrip(101.0, 102.0)}, {}),
    ],
)
def test_a_round_trip_that_something_has_disturbed_is_measured_again(
    times: dict[tuple[str, str], RoundTrip], again: dict[str, list[str]]
) -> None:
    assert paths.disturbed(times) == again


def test_a_least_time_that_is_found_twice_is_the_paths_own() -> None:
    """A busy machine has high averages all the time."""
    found = paths.combined(RoundTrip(101.0, 140.0), RoundTrip(103.0, 150.0))
    assert paths.disturbed({("a", "b"): found}) == {}
    found = paths.combined(RoundTrip(118.0, 140.0), RoundTrip(101.0, 150.0))
    assert found == RoundTrip(101.0, 150.0)


def answering(rounds: list[dict[tuple[str, str], RoundTrip]]) -> Callable[..., dict[str, dict[str, Any]]]:
    """What stands for the hosts: in each round these times, for the pairs that are asked."""

    def together(targets: Mapping[str, Target], *_: Any) -> dict[str, dict[str, Any]]:
        times = rounds.pop(0)
        return {
            name: {"round_trips": {to: times[name, to] for to in target.tailnet.values() if (name, to) in times}}
            for name, target in targets.items()
        }

    return together


def test_each_direction_has_its_own_least_time(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = {(one, other): RoundTrip(101.0, 102.0) for one in hosts() for other in hosts() if one != other}
    busy = {**quiet, (HUB, BOX): RoundTrip(300.0, 400.0)}
    rounds = [busy, {**quiet, (HUB, BOX): RoundTrip(100.7, 101.0), (BOX, HUB): RoundTrip(104.0, 104.0)}]
    monkeypatch.setattr(paths, "_together", answering(rounds))
    found = paths.timed(CLUSTER, hosts(hub={"paths": {BOX: Path("direct"), "box0-2": Path("none")}}))
    assert found[HUB].paths == {BOX: Path("direct", 100.7), "box0-2": Path("none")}
    assert found[BOX].paths[HUB].latency_ms == 101.0
    assert rounds == []
