"""Measure the running cluster and report what is wrong; reads only, except for a probe that is removed in every outcome."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from pyinfra import inventory, logger, state

from cluster.model import Cluster, Host
from engine.command_line import option
from engine.connect import unreachable
from engine.inventory import current_cluster
from measure import ask, dot, probes, questions
from measure.ask import NotAnswered
from measure.question import Question, Target, evidence, read
from report import checks, page, terminal
from report.findings import Check, Finding, View
from report.measurement import Api, Coordination, HostMeasured, Measurement

STATE_S = 20
PAGE = Path("build/report/index.html")
JSON = "build/verify.json"
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
    publish(declared, found, findings)
    sys.exit(1 if any(one.severity == "problem" for one in findings) else 0)


def selected_checks() -> tuple[Check, ...]:
    """The checks of `--data only=A,B` and `--data skip=A`; ends with 2 if a name is none."""
    try:
        return checks.select(ask.data("only"), ask.data("skip"))
    except ValueError as error:
        logger.error(str(error))
        sys.exit(2)


def measurement(declared: Cluster, asked: list[str], needs: set[str]) -> Measurement:
    """All that `needs` call for, of the hosts in `asked`; what does not answer is left unknown."""
    reached = [name for name in asked if name not in unreachable]
    speaker = next((host.name for host in declared.control_planes if host.name in reached), None)
    pods = gevent.spawn(probes.pods, declared, speaker) if speaker and "pods" in needs else None
    drift = gevent.spawn(probes.drift) if "drift" in needs and not unreachable else None
    answers = _ask(declared, reached, speaker)
    api = _api(declared, speaker, answers)
    hosts = _with_nodes({name: _host(declared, name, answers) for name in asked}, api)
    hosts = _with_reach(declared, hosts)
    drifted, why = (None, "hosts are out of reach") if unreachable else (None, "it was not asked for")
    if drift is not None:
        drifted, why = drift.get()
    return Measurement(
        cluster=declared.cluster_name,
        kubernetes=declared.kubernetes_version,
        headscale=declared.headscale_version,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        hosts=tuple(hosts.values()),
        coordination=_coordination(declared, answers),
        api=api,
        # A greenlet that has ended counts as false.
        pods=None if pods is None else pods.get(),
        drift=drifted,
        drift_note=why,
        seconds=round(time.monotonic() - _begun[0], 1),
    )


def _ask(declared: Cluster, reached: list[str], speaker: str | None) -> dict[str, Any]:
    """`NAME state` → sections, `NAME clock` → offset, and `api` → sections, or NotAnswered: all of it at the same time."""
    jobs: dict[str, Callable[[], Any]] = {}
    for host in (declared.host(name) for name in reached):
        jobs[f"{host.name} state"] = partial(ask.answers, _rows(host), Target(declared, host), STATE_S)
        jobs[f"{host.name} clock"] = partial(ask.clock_offset, host.name)
    if speaker:
        jobs["api"] = partial(ask.answers, questions.API, Target(declared, declared.host(speaker)), STATE_S)
    return ask.together(jobs)


def _rows(host: Host) -> tuple[Question, ...]:
    return (*questions.STATE, *(questions.COORDINATION if host.is_coordinator else ()))


def _host(declared: Cluster, name: str, answers: Mapping[str, Any]) -> HostMeasured:
    host = declared.host(name)
    state = answers.get(f"{name} state", NotAnswered(unreachable.get(name, "")))
    offset = answers.get(f"{name} clock")
    base = HostMeasured(name, host.site.site, host.roles, clock_offset_s=offset if isinstance(offset, float) else None)
    if isinstance(state, NotAnswered):
        return replace(base, reached=False, error=str(state))
    found = read(questions.STATE, state, Target(declared, host))
    return replace(base, evidence=evidence(_rows(host), state), **found)


def _coordination(declared: Cluster, answers: Mapping[str, Any]) -> Coordination | None:
    host = declared.coordinator
    state = answers.get(f"{host.name} state")
    if not isinstance(state, Mapping):
        return None
    return Coordination(**read(questions.COORDINATION, state, Target(declared, host)))


def _api(declared: Cluster, speaker: str | None, answers: Mapping[str, Any]) -> Api | None:
    listed = answers.get("api")
    if speaker is None or not isinstance(listed, Mapping):
        return None
    return Api(speaker, **read(questions.API, listed, Target(declared, declared.host(speaker))))


def _with_nodes(hosts: dict[str, HostMeasured], api: Api | None) -> dict[str, HostMeasured]:
    """The same hosts, with what Kubernetes knows of each."""
    nodes = {node.name: node for node in (api.nodes if api and api.nodes else ())}
    return {
        name: replace(host, pod_cidr=nodes[name].pod_cidr, node="Ready" if nodes[name].ready else "NotReady")
        if name in nodes
        else host
        for name, host in hosts.items()
    }


def _with_reach(declared: Cluster, hosts: dict[str, HostMeasured]) -> dict[str, HostMeasured]:
    """The same hosts, with what each reaches."""
    jobs = {name: partial(probes.reach, declared, hosts, name) for name, host in hosts.items() if host.reached}
    found = {name: fields for name, fields in ask.together(jobs).items() if not isinstance(fields, NotAnswered)}
    return {
        name: replace(host, **{**found[name], "evidence": {**host.evidence, **found[name]["evidence"]}})
        if name in found
        else host
        for name, host in hosts.items()
    }


def publish(declared: Cluster, found: Measurement, findings: tuple[Finding, ...]) -> None:
    """The JSON file and the page; on standard output the text, or with pyinfra's --json the JSON."""
    target = Path(ask.data("json") or JSON)
    target.parent.mkdir(parents=True, exist_ok=True)
    values = json.dumps({**found.to_json(), **checks.to_json(findings)}, indent=2, ensure_ascii=False)
    target.write_text(f"{values}\n")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page.render(declared, found, findings, dot.svg))
    if option("json_output"):
        print(values, flush=True)
        return
    style = terminal.Style.of(sys.stdout)
    print(
        terminal.render(declared, found, findings, style, verbose=bool(option("verbosity")), page=str(PAGE)), flush=True
    )
