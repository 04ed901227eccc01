"""Measure the running cluster and say what is wrong; reads only, but for a probe that is removed in every outcome."""

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

from cluster import ports
from cluster.documents import headscale
from cluster.model import Cluster
from engine.command_line import option
from engine.connect import unreachable
from engine.inventory import current_cluster
from facts.tailscale import parse_status
from measure import ask, dot, probes, questions, read
from measure.ask import NotAnswered
from report import checks, page, terminal
from report.findings import Check, Finding, View
from report.measurement import Api, HostMeasured, Measurement

STATE_S, REACH_S = 20, 30
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
    wanted = chosen()
    asked = [host.name for host in declared.hosts if state.is_host_in_limit(inventory.get_host(host.name))]
    found = measurement(declared, asked, {need for check in wanted for need in check.needs})
    if not any(host.reached for host in found.hosts):
        logger.error("No host could be measured")
        sys.exit(2)
    findings = checks.run(wanted, View(declared, found, time.time()))
    publish(declared, found, findings)
    sys.exit(1 if any(one.severity == "problem" for one in findings) else 0)


def chosen() -> tuple[Check, ...]:
    """The checks of `--data only=A,B` and `--data skip=A`; ends with 2 where a name is none."""
    try:
        return checks.chosen(ask.data("only"), ask.data("skip"))
    except ValueError as error:
        logger.error(str(error))
        sys.exit(2)


def measurement(declared: Cluster, asked: list[str], needs: set[str]) -> Measurement:
    """All that `needs` call for, of the hosts in `asked`; whatever does not answer is left unknown."""
    reached = [name for name in asked if name not in unreachable]
    speaker = next((host.name for host in declared.control_planes if host.name in reached), None)
    pods = gevent.spawn(probes.pods, declared, speaker) if speaker and "pods" in needs else None
    drift = gevent.spawn(probes.drift) if "drift" in needs and not unreachable else None
    states = _states(declared, reached, speaker)
    hosts = _reached(
        declared,
        {name: _own(declared, name, states) for name in asked},
        _addresses(states, reached),
        _api(speaker, states),
    )
    center = states.get(f"{declared.coordinator.name} state")
    drifted, why = (None, "hosts are out of reach") if unreachable else (None, "it was not asked for")
    if drift is not None:
        drifted, why = drift.get()
    return Measurement(
        cluster=declared.cluster_name,
        kubernetes=declared.kubernetes_version,
        headscale=declared.headscale_version,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        hosts=tuple(hosts.values()),
        coordination=read.coordination(center) if isinstance(center, Mapping) else None,
        api=_api(speaker, states),
        # A greenlet that has ended counts as false.
        pods=None if pods is None else pods.get(),
        drift=drifted,
        drift_note=why,
        seconds=round(time.monotonic() - _begun[0], 1),
    )


def _states(declared: Cluster, reached: list[str], speaker: str | None) -> dict[str, Any]:
    """`NAME state` → sections, `NAME clock` → offset, and `api`: whatever was asked at first."""
    jobs: dict[str, Callable[[], Any]] = {}
    listen = f"{headscale.headscale(declared)['listen_address']}:{ports.HEADSCALE}"
    for name in reached:
        at = listen if declared.host(name).is_coordinator else ""
        question = questions.State().command([declared.coordination_name], declared.server_url, at)
        jobs[f"{name} state"] = partial(ask.sections, name, question, STATE_S)
        jobs[f"{name} clock"] = partial(ask.clock_offset, name)
    if speaker:
        jobs["api"] = partial(ask.sections, speaker, questions.ClusterState().command(), STATE_S)
    return ask.together(jobs)


def _own(declared: Cluster, name: str, states: Mapping[str, Any]) -> HostMeasured:
    host = declared.host(name)
    base = HostMeasured(name, host.site.site, host.roles)
    answered = states.get(f"{name} state", NotAnswered(unreachable.get(name, "")))
    offset = states.get(f"{name} clock")
    base = replace(base, clock_offset_s=offset if isinstance(offset, float) else None)
    if isinstance(answered, NotAnswered):
        return replace(base, reached=False, error=str(answered))
    return replace(
        base,
        said=read.said(answered),
        **read.own(declared, host, answered),
    )


def _api(speaker: str | None, states: Mapping[str, Any]) -> Api | None:
    answered = states.get("api")
    return read.api(speaker, answered) if speaker and isinstance(answered, Mapping) else None


def _addresses(states: Mapping[str, Any], reached: list[str]) -> dict[str, str]:
    """Host name → tailnet address; of a host whose client is silent, what the others know."""
    own: dict[str, str] = {}
    others: dict[str, str] = {}
    for name in reached:
        answered = states[f"{name} state"]
        if not isinstance(answered, Mapping) or "status" not in answered:
            continue
        try:
            status = parse_status("\n".join(answered["status"].output))
        except (ValueError, KeyError, TypeError):
            continue
        own |= {name: status.addresses[0]} if status.addresses else {}
        others |= {peer.name: peer.addresses[0] for peer in status.peers if peer.addresses}
    return {**others, **own}


def _reached(
    declared: Cluster, hosts: dict[str, HostMeasured], tailnet: dict[str, str], api: Api | None
) -> dict[str, HostMeasured]:
    """The same hosts, with what each reaches and what Kubernetes says of it."""
    nodes = {node.name: node for node in (api.nodes or ()) if api} if api else {}
    hosts = {
        name: replace(host, pod_cidr=nodes[name].pod_cidr, node="Ready" if nodes[name].ready else "NotReady")
        if name in nodes
        else host
        for name, host in hosts.items()
    }
    jobs = {name: partial(probes.reach, declared, hosts, tailnet, name) for name, host in hosts.items() if host.reached}
    for name, fields in ask.together(jobs).items():
        if not isinstance(fields, NotAnswered):
            said = {**hosts[name].said, **fields.pop("said")}
            hosts[name] = replace(hosts[name], said=said, **fields)
    return hosts


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
