"""Measure the running cluster and report what is wrong; reads only, except for a probe that is removed in every outcome."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import gevent  # type: ignore[import-untyped]
from pyinfra import inventory, logger, state

from cluster.model import Cluster, Host
from engine import ssh
from engine.connect import unreachable
from engine.inventory import current_cluster
from measure import ask, paths, probes, questions
from measure.ask import Lost, NotAnswered
from measure.clean import cleaned
from measure.pace import Greeting
from measure.progress import Progress
from measure.publish import publish
from measure.question import Question, Target, evidence, read
from report import checks
from report.findings import Check, View
from report.measurement import Api, Coordination, HostMeasured, Measurement

Value = TypeVar("Value")
# For a host that answers at once; a slow one has up to SLOWEST times as long (measure/pace.py).
STATE_S = 20
# Of all that one host answers at once, in bytes.
LONGEST = 50_000_000
_begun: list[float] = []


def measure() -> None:
    """Measure all hosts of the run, print the report, and end with 0 (fine), 1 (problems) or 2 (could not measure).

    Runs while pyinfra plans: verify has no operations, so there is nothing to preview or to confirm. pyinfra calls it once for
    each host at the same time; the first call does the work for all of them.
    """
    if _begun:
        return
    _begun.append(time.monotonic())
    declared = current_cluster()
    wanted = selected_checks()
    asked = [host.name for host in declared.hosts if state.is_host_in_limit(inventory.get_host(host.name))]
    found = measurement(declared, asked, {need for check in wanted for need in check.needs})
    if not any(host.reached for host in found.hosts):
        logger.error("No host could be measured")
        sys.exit(2)
    findings = checks.run(wanted, View(declared, found, time.time()))
    publish(declared, found, wanted, findings)
    sys.exit(1 if any(one.severity == "problem" for one in findings) else 0)


def selected_checks() -> tuple[Check, ...]:
    """The checks of `--data only=A,B` and `--data skip=A`; ends with 2 if a name is none."""
    try:
        return checks.select(ask.data("only"), ask.data("skip"))
    except ValueError as error:
        logger.error(str(error))
        sys.exit(2)


def measurement(declared: Cluster, asked: list[str], needs: set[str]) -> Measurement:
    """All that `needs` call for, of the hosts in `asked`; what does not answer is left unknown.

    Round trips come last: programs that run beside them would be measured, too.
    """
    reached = [name for name in asked if name not in unreachable]
    speaker = next((host.name for host in declared.control_planes if host.name in reached), None)
    ssh.shorten_answers(LONGEST)
    greetings = {name: gevent.spawn(ask.contained, partial(ask.greet, name)) for name in reached}
    jobs: dict[str, Callable[[], Any]] = {}
    if speaker and "pods" in needs:
        jobs["pods"] = lambda: probes.pods(declared, speaker, _slowest(greetings))
    if "drift" in needs and not unreachable:
        jobs["drift"] = lambda: probes.drift(_slowest(greetings))
    progress = Progress(sys.stderr)
    progress.expect({"hosts": len(reached), "paths": len(reached), **dict.fromkeys(jobs, 1)})
    beside = {name: gevent.spawn(_counted(progress, name, job)) for name, job in jobs.items()}
    answers = _ask(declared, greetings, speaker, progress)
    api = _api(declared, speaker, answers)
    hosts = _with_nodes({name: _host(declared, name, answers) for name in asked}, api)
    hosts = _with_reach(declared, hosts, answers, progress)
    gevent.joinall(list(beside.values()))
    progress.expect({"round trips": 1})
    hosts = paths.timed(declared, paths.asked_again(declared, hosts))
    progress.close()
    drifted, why = beside["drift"].get() if "drift" in beside else (None, _why_no_drift())
    found = Measurement(
        cluster=declared.cluster_name,
        kubernetes=declared.kubernetes_version,
        headscale=declared.headscale_version,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        hosts=tuple(hosts.values()),
        coordination=_coordination(declared, answers),
        api=api,
        pods=beside["pods"].get() if "pods" in beside else None,
        drift=drifted,
        drift_note=why,
        seconds=round(time.monotonic() - _begun[0], 1),
    )
    return cleaned(found)


def _why_no_drift() -> str:
    return "hosts are out of reach" if unreachable else "it was not asked for"


def _counted(progress: Progress, step: str, job: Callable[[], Value]) -> Callable[[], Value]:
    """The job, which counts as a part of the step when it has ended."""

    def counted() -> Value:
        try:
            return job()
        finally:
            progress.done(step)

    return counted


def _slowest(greetings: Mapping[str, Any]) -> float:
    """The pace of the slowest host that answers."""
    found = [greeting.get() for greeting in greetings.values()]
    return max((one.pace for one in found if isinstance(one, Greeting)), default=1.0)


def _ask(declared: Cluster, greetings: Mapping[str, Any], speaker: str | None, progress: Progress) -> dict[str, Any]:
    """`NAME greeting` → Greeting, `NAME state` and `api` → sections, or NotAnswered: all of it at the same time."""
    jobs: dict[str, Callable[[], Any]] = {}
    for host in map(declared.host, greetings):
        job = partial(_answers, _rows(host), Target(declared, host), greetings[host.name])
        jobs[f"{host.name} state"] = _counted(progress, "hosts", job)
    if speaker:
        jobs["api"] = partial(_answers, questions.API, Target(declared, declared.host(speaker)), greetings[speaker])
    answers: dict[str, Any] = ask.together(jobs)
    return {**answers, **{f"{name} greeting": greeting.get() for name, greeting in greetings.items()}}


def _answers(rows: tuple[Question, ...], target: Target, greeting: Any) -> Mapping[str, Any]:
    """What the host answers, in the time that its greeting calls for; raises NotAnswered."""
    found = greeting.get()
    if isinstance(found, NotAnswered):
        raise found
    return ask.answers(rows, target, STATE_S, found.pace)


def _rows(host: Host) -> tuple[Question, ...]:
    return (*questions.STATE, *(questions.COORDINATION if host.is_coordinator else ()))


def _host(declared: Cluster, name: str, answers: Mapping[str, Any]) -> HostMeasured:
    host = declared.host(name)
    base = HostMeasured(name, host.site.site, host.roles)
    greeting = answers.get(f"{name} greeting")
    if isinstance(greeting, Greeting):
        base = replace(base, clock_offset_s=greeting.offset_s, answer_s=round(greeting.took_s, 2), load=greeting.load)
    if isinstance(greeting, Greeting | Lost):
        base = replace(base, long_answer=isinstance(greeting, Greeting))
    state = answers.get(f"{name} state", NotAnswered(unreachable.get(name, "")))
    found = state if isinstance(state, NotAnswered) else ask.contained(partial(_own, declared, base, state))
    return cleaned(replace(base, reached=False, error=str(found))) if isinstance(found, NotAnswered) else found


def _own(declared: Cluster, base: HostMeasured, state: Mapping[str, Any]) -> HostMeasured:
    host = declared.host(base.name)
    found = read(questions.STATE, state, Target(declared, host))
    return cleaned(replace(base, evidence=evidence(_rows(host), state), **found))


def _coordination(declared: Cluster, answers: Mapping[str, Any]) -> Coordination | None:
    host = declared.coordinator
    state = answers.get(f"{host.name} state")
    if not isinstance(state, Mapping):
        return None
    return cleaned(Coordination(**read(questions.COORDINATION, state, Target(declared, host))))


def _api(declared: Cluster, speaker: str | None, answers: Mapping[str, Any]) -> Api | None:
    listed = answers.get("api")
    if speaker is None or not isinstance(listed, Mapping):
        return None
    return cleaned(Api(speaker, **read(questions.API, listed, Target(declared, declared.host(speaker)))))


def _with_nodes(hosts: dict[str, HostMeasured], api: Api | None) -> dict[str, HostMeasured]:
    """The same hosts, with what Kubernetes knows of each."""
    nodes = {node.name: node for node in (api.nodes if api and api.nodes else ())}
    return {
        name: replace(host, pod_cidr=nodes[name].pod_cidr, node="Ready" if nodes[name].ready else "NotReady")
        if name in nodes
        else host
        for name, host in hosts.items()
    }


def _with_reach(
    declared: Cluster, hosts: dict[str, HostMeasured], answers: Mapping[str, Any], progress: Progress
) -> dict[str, HostMeasured]:
    """The same hosts, with what each reaches."""
    jobs = {
        name: _counted(progress, "paths", partial(paths.reach, declared, hosts, name, answers[f"{name} greeting"].pace))
        for name, host in hosts.items()
        if host.reached
    }
    progress.expect({"paths": len(jobs)})
    found = {name: fields for name, fields in ask.together(jobs).items() if not isinstance(fields, NotAnswered)}
    return {
        name: cleaned(replace(host, **{**found[name], "evidence": {**host.evidence, **found[name]["evidence"]}}))
        if name in found
        else host
        for name, host in hosts.items()
    }
