"""What hosts reach of each other: asked again if there was no answer, and the round trip of each path when all else is quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from cluster.model import Cluster
from cluster.observed.network import RoundTrip
from cluster.observed.tailscale import Path
from measure import ask, questions
from measure.question import Question, Target, evidence, read
from report import exposure
from report.measurement import HostMeasured

REACH_S, AGAIN_S, ROUND_TRIPS_S = 40, 24, 24
# Echo requests to each host: at first, and again if something has disturbed them. Both directions of a path have one round
# trip, and most answers take little more than the least.
REQUESTS, MORE_REQUESTS = 8, (12, 24)
SAME_PERCENT, NOISE_PERCENT, SAME_MS = 5, 8, 1.0
# Places in a node's pod network: the bridge has the first address, the last is a pod's at most.
CNI0, A_POD = 1, -2
Hosts = Mapping[str, HostMeasured]
Pairs = Mapping[str, Iterable[str]]


def reach(declared: Cluster, hosts: Hosts, name: str, pace: float) -> dict[str, Any]:
    """What `name` reaches, as fields of HostMeasured; raises NotAnswered."""
    target = _target(declared, hosts, name)
    answers = ask.answers(questions.REACH, target, REACH_S, pace)
    return {**read(questions.REACH, answers, target), "evidence": evidence(questions.REACH, answers)}


def asked_again(declared: Cluster, hosts: Hosts) -> dict[str, HostMeasured]:
    """The same hosts; what gave no answer at first, between two hosts that are in the tailnet, was asked again.

    At first a handshake may be lost on a busy machine, and the second begins after five seconds.
    """
    targets = {name: target for name in hosts if (target := _silent(declared, hosts, name))}
    found = _together(targets, questions.REACH, AGAIN_S)
    return {name: _with(host, found.get(name, {})) for name, host in hosts.items()}


def timed(declared: Cluster, hosts: Hosts) -> dict[str, HostMeasured]:
    """The same hosts, each path with the least round trip that was measured in its direction; nothing else may be asked meanwhile."""
    times: dict[tuple[str, str], RoundTrip] = {}
    pairs: Pairs = {
        name: [to for to, path in host.paths.items() if path.kind != "none"] for name, host in hosts.items()
    }
    for count in (REQUESTS, *MORE_REQUESTS):
        targets = {name: _target(declared, hosts, name, only=others) for name, others in pairs.items() if others}
        for name, fields in _together(targets, (questions.round_trips(count),), ROUND_TRIPS_S).items():
            for other, took in fields.get("round_trips", {}).items():
                times[name, other] = combined(times.get((name, other)), took)
        pairs = disturbed(times)
        if not pairs:
            break
    return {name: replace(host, paths=_with_times(name, host.paths, times)) for name, host in hosts.items()}


def _with_times(name: str, paths: Mapping[str, Path], times: Mapping[tuple[str, str], RoundTrip]) -> dict[str, Path]:
    return {
        other: replace(path, latency_ms=times[name, other].least_ms) if (name, other) in times else path
        for other, path in paths.items()
    }


def combined(before: RoundTrip | None, now: RoundTrip) -> RoundTrip:
    """Two measurements of one path: a least time that both have found is the path's own."""
    if before is None:
        return now
    is_found_twice = _same(before.least_ms, now.least_ms)
    least, average = min((one.least_ms, one.average_ms) for one in (before, now))
    return RoundTrip(least, least if is_found_twice else average)


def _same(one: float, other: float, percent: float = SAME_PERCENT) -> bool:
    return abs(one - other) <= max(SAME_MS, min(one, other) * percent / 100)


def disturbed(times: Mapping[tuple[str, str], RoundTrip]) -> dict[str, list[str]]:
    """Host → others whose round trip is not the path's own: one that most answers exceed, or that differs from the way back."""
    pairs: dict[str, list[str]] = {}
    for (one, other), there in times.items():
        back = times.get((other, one), there)
        if not _same(there.least_ms, back.least_ms) or not _same(there.least_ms, there.average_ms, NOISE_PERCENT):
            pairs.setdefault(one, []).append(other)
    return pairs


def _together(targets: Mapping[str, Target], rows: tuple[Question, ...], seconds: int) -> dict[str, dict[str, Any]]:
    """Host → the fields that its answers give; hosts that don't answer are left out."""

    def fields(target: Target) -> dict[str, Any]:
        return read(rows, ask.answers(rows, target, seconds), target)

    jobs: dict[str, Callable[[], dict[str, Any]]] = {name: partial(fields, target) for name, target in targets.items()}
    return {name: found for name, found in ask.together(jobs).items() if isinstance(found, dict)}


def _silent(declared: Cluster, hosts: Hosts, name: str) -> Target | None:
    """What `name` got no answer from; None if there is nothing of the kind."""
    host = hosts[name]
    up = {other.name for other in hosts.values() if other.reached and other.tailnet and other.tailnet.running}
    if name not in up:
        return None

    def of(answers: Mapping[str, bool]) -> set[str]:
        return {to for to, answered in answers.items() if not answered} & up

    paths = {to for to, path in host.paths.items() if path.kind == "none"} & up
    paths |= of(host.small_answers) | of(host.large_answers)
    lan = of(host.lan_answers) & set(declared.advertised_lan_addresses)
    pods = of(host.pod_gateway_answers)
    if not (paths or lan or pods):
        return None
    whole = _target(declared, hosts, name)
    return replace(
        whole,
        tailnet=_part(whole.tailnet, paths),
        lan=_part(whole.lan, lan),
        pod_gateways=_part(whole.pod_gateways, pods),
        ports={},
        far=(),
        again=True,
    )


def _with(host: HostMeasured, fields: Mapping[str, Any]) -> HostMeasured:
    """The host with these fields; what they have of other hosts is added to what is known of others."""
    added: dict[str, Any] = {name: {**getattr(host, name), **value} for name, value in fields.items()}
    return replace(host, **added)


def _part(addresses: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    wanted = set(names)
    return {address: name for address, name in addresses.items() if name in wanted}


def _target(declared: Cluster, hosts: Hosts, name: str, only: Iterable[str] | None = None) -> Target:
    """All that `name` is asked about; `only`: the other hosts, if it is not about all."""
    others = [host for host in declared.hosts if host.name != name and (only is None or host.name in only)]
    tailnet = _tailnet_addresses(declared, hosts)
    gateways = {_in_network(hosts[host.name].pod_cidr, CNI0): host.name for host in others if host.name in hosts}
    measured = list(hosts.values())
    return Target(
        declared,
        declared.host(name),
        tailnet={tailnet[host.name]: host.name for host in others if host.name in tailnet},
        lan={str(host.lan_address): host.name for host in others},
        pod_gateways={address: other for address, other in gateways.items() if address},
        pod_gateway=_in_network(hosts[name].pod_cidr, CNI0),
        pod_address=_in_network(hosts[name].pod_cidr, A_POD),
        ports=exposure.to_try(declared, measured, name),
        far=exposure.far_machines(declared, measured, name),
    )


def _tailnet_addresses(declared: Cluster, hosts: Hosts) -> dict[str, str]:
    """Host name → tailnet address; of a host whose client is silent, what the others know.

    A host may answer anything, and other hosts run what is made of it: only addresses of the tailnet are taken.
    """
    clients = [host.tailnet for host in hosts.values() if host.tailnet]
    known = {peer.name: peer.addresses[0] for client in clients for peer in client.peers if peer.addresses}
    known |= {name: host.tailnet_address for name, host in hosts.items() if host.tailnet_address}
    return {name: address for name, address in known.items() if _is_in(address, declared.tailnet_cidr)}


def _is_in(address: str, network: IPv4Network) -> bool:
    try:
        return IPv4Address(address) in network
    except ValueError:
        return False


def _in_network(pod_cidr: str, place: int) -> str:
    """The address at that place of a node's pod network; empty if the node has none."""
    try:
        return str(IPv4Network(pod_cidr)[place])
    except (ValueError, IndexError):
        return ""
