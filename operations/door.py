"""The trial of the door: what the operator and hosts of other sites find at the cluster's ports, before anything is installed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import gevent  # type: ignore[import-untyped]
from pyinfra import host
from pyinfra.api.exceptions import PyinfraError

from cluster.model import Cluster
from cluster.observed.door import Outcome, Outside, Seen, parse_attempts, parse_seen
from cluster.preflight import coordination_name, door, tailnets
from cluster.preflight.coordination_name import OPERATOR
from cluster.preflight.door import Answers, Attempt
from cluster.problems import Problem
from cluster.providers import provider_of
from engine import remote
from engine.inventory import current_cluster
from facts import door as questions
from facts.tailscale import Prefs, Status
from local import knocks

# The first attempt is over as soon as each port has answered; what stays silent is tried once more, while the hosts look what arrives.
# The second time is long enough for a host that takes seconds to begin to look.
FIRST_S, AGAIN_S, WATCH_LONGER_S, LIMIT_S = 1.5, 4.5, 1.5, 18
# A resolver that does not answer takes half a minute to give up.
LOOKUP_S = 8


def outside() -> Outside | None:
    """How the current host appears from outside; None if it is in the tailnet, so that its ports are proven, or could not be asked."""
    cluster = current_cluster()
    status, prefs = host.get_fact(Status), host.get_fact(Prefs)
    is_ours = prefs is None or not prefs.login_server or tailnets.is_same(prefs.login_server, cluster.server_url)
    is_joined = status is not None and status.running and is_ours
    if is_joined:
        return None
    found: Outside | None = host.get_fact(questions.Outside, target=cluster.coordination_name)
    return found


def problems(cluster: Cluster, present: Collection[str], fresh: Mapping[str, Outside], is_acme: bool) -> list[Problem]:
    """What stands in the way from outside. `present`: hosts of this run; `fresh`: how its hosts that have not joined appear."""
    leads = {
        OPERATOR: gevent.with_timeout(LOOKUP_S, knocks.addresses_of, cluster.coordination_name, timeout_value=()),
        **{name: one.leads for name, one in fresh.items()},
    }
    addresses6 = _gateway_addresses6(cluster, fresh, leads)
    named = coordination_name.problems(cluster, leads, addresses6)
    used6 = [address for address in addresses6 or () if any(address in found for found in leads.values())]
    wanted = door.attempts(cluster, door.entrances(cluster, is_acme, used6), present, list(fresh))
    # Where programs use a proxy, the network may drop what does not go through it.
    if knocks.has_proxy() or not coordination_name.is_reliable(cluster, leads[OPERATOR]):
        wanted = [attempt for attempt in wanted if attempt.by != OPERATOR]
    clouds = {name: provider_of(one.firmware) for name, one in fresh.items()}
    return [*named, *door.problems(cluster, _answers(cluster, wanted, present), clouds)]


def _gateway_addresses6(
    cluster: Cluster, fresh: Mapping[str, Outside], leads: Mapping[str, Sequence[str]]
) -> tuple[str, ...] | None:
    """The gateway's own IPv6 addresses, if the name has an AAAA record somewhere; None if it can't be asked."""
    if not any(":" in address for found in leads.values() for address in found):
        return ()
    gateway = cluster.gateway.name
    ask = partial(remote.fact, gateway, questions.Outside, target=cluster.coordination_name)
    found = fresh.get(gateway) or _contained(ask)
    return found.addresses6 if found else None


def _answers(cluster: Cluster, wanted: Sequence[Attempt], present: Collection[str]) -> Answers:
    """Try all at once; what stays silent and would be a problem, a second time."""
    mark = secrets.token_bytes(10)
    numbered = dict(enumerate(wanted))
    there = {number: attempt for number, attempt in numbered.items() if attempt.entrance.host in present}
    behind_routers = {number: attempt for number, attempt in there.items() if attempt.entrance.is_forwarded}
    answers = _found(numbered, *_at_once(numbered, mark, FIRST_S, behind_routers))
    silent = {one.entrance for one in door.closed(cluster, answers, is_certain=False)}
    again = {
        number: attempt
        for number, attempt in numbered.items()
        if attempt.entrance in silent and attempt in answers.outcomes and not answers.is_through(attempt)
    }
    if not again:
        return answers
    later = _found(
        again, *_at_once(again, mark, AGAIN_S, {number: there[number] for number in again if number in there})
    )
    return Answers(
        {**answers.outcomes, **later.outcomes}, answers.arrived | later.arrived, answers.watched | later.watched
    )


def _found(numbered: Mapping[int, Attempt], outcomes: Mapping[int, Outcome], seen: Mapping[str, Seen]) -> Answers:
    arrived = frozenset(numbered[number] for one in seen.values() for number in one.arrived if number in numbered)
    watched = frozenset(name for name, one in seen.items() if one.is_watching)
    return Answers({numbered[number]: outcome for number, outcome in outcomes.items()}, arrived, watched)


def _at_once(
    numbered: Mapping[int, Attempt], mark: bytes, seconds: float, looked_for: Mapping[int, Attempt]
) -> tuple[dict[int, Outcome], dict[str, Seen]]:
    """Number of the attempt → how it ended, and watching host → what it saw. Who can't try, or look, gives no answer.

    `looked_for`: the attempts whose packets their hosts look for.
    """
    by: dict[str, dict[int, knocks.Entry]] = {}
    for number, attempt in numbered.items():
        by.setdefault(attempt.by, {})[number] = _entry(number, attempt, mark)
    trying: dict[str, Callable[[], Any]] = {
        name: partial(knocks.attempts, entries, seconds)
        if name == OPERATOR
        else partial(_try_on, name, entries, seconds)
        for name, entries in by.items()
    }
    watch_s = seconds + WATCH_LONGER_S
    looking: dict[str, Callable[[], Any]] = {
        name: partial(_watch_on, name, looked_for, mark, watch_s)
        for name in dict.fromkeys(attempt.entrance.host for attempt in looked_for.values())
    }
    jobs = [gevent.spawn(_contained, job) for job in (*trying.values(), *looking.values())]
    gevent.joinall(jobs)
    found = [job.value for job in jobs]
    outcomes = {number: outcome for one in found[: len(trying)] for number, outcome in (one or {}).items()}
    return outcomes, {name: one for name, one in zip(looking, found[len(trying) :], strict=True) if one}


def _entry(number: int, attempt: Attempt, mark: bytes) -> knocks.Entry:
    entrance = attempt.entrance
    payload = door.binding_request(_own(number, mark)).hex() if entrance.protocol == "udp" else ""
    return entrance.protocol, entrance.address, entrance.port, payload, entrance.is_forwarded


def _own(number: int, mark: bytes) -> bytes:
    return mark + number.to_bytes(2, "big")


def _try_on(name: str, entries: Mapping[int, knocks.Entry], seconds: float) -> dict[int, Outcome]:
    script = questions.attempts_script(entries, seconds)
    return parse_attempts(remote.ask(name, script, LIMIT_S).splitlines())


def _watch_on(name: str, numbered: Mapping[int, Attempt], mark: bytes, seconds: float) -> Seen:
    entries = {
        number: (attempt.entrance.protocol, attempt.entrance.port, _own(number, mark).hex())
        for number, attempt in numbered.items()
        if attempt.entrance.host == name and ":" not in attempt.entrance.address
    }
    return parse_seen(remote.ask(name, questions.watch_script(entries, seconds), LIMIT_S).splitlines())


def _contained(job: Callable[[], Any]) -> Any:
    try:
        return job()
    except (remote.RemoteFailure, PyinfraError):
        return None
