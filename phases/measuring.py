"""Measure the running cluster and say what is wrong; reads only, but for a probe that is removed in every outcome."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from pyinfra import host, state

from cluster.model import Cluster
from facts.kubernetes import Nodes
from facts.paths import Answers, TailnetPaths
from facts.tailscale import Status
from operations import remote
from phases.declared import cluster, here
from phases.templates import render
from report import terminal
from report.measurement import HostMeasured, Measurement, PodsMeasured, problems

PROBE_IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
PROBE_NAMESPACE = "isthmus-verify"
PROBE_TIMEOUT_S = 90

_started = time.monotonic()
_hosts: dict[str, HostMeasured] = {}
_pods: dict[str, PodsMeasured] = {}


def measure() -> None:
    """Measure from this host; when the last host is done, print the report and end with 0 (fine), 1 (problems) or 2.

    Runs while pyinfra plans: verify has no operations, so there is nothing to preview or to confirm.
    """
    declared, this = cluster(), here()
    if this == declared.control_planes[0]:
        _pods[this.name] = _probe_pods(declared)
    _hosts[this.name] = _measure_host(declared)
    asked = {member.name for member in state.inventory.get_active_hosts()}
    if asked <= set(_hosts):
        _report(declared, asked)


def _measure_host(declared: Cluster) -> HostMeasured:
    this = here()
    addresses = {other.name: _tailnet_address(other.name) for other in declared.hosts if other != this}
    names = {address: name for name, address in addresses.items() if address}
    paths = host.get_fact(TailnetPaths, addresses=list(names)) or {}
    lan = {str(other.lan_address): other.name for other in declared.hosts if other != this}
    answers = host.get_fact(Answers, addresses=list(lan)) or {}
    node = next((found for found in _nodes(declared) if found.name == this.name), None)
    return HostMeasured(
        name=this.name,
        site=this.site.site,
        roles=this.roles,
        tailnet_address=_tailnet_address(this.name),
        node=None if node is None else ("Ready" if node.ready else "NotReady"),
        paths={names[address]: path.to_json() for address, path in paths.items() if address in names},
        lan_answers={lan[address]: answered for address, answered in answers.items() if address in lan},
    )


def _tailnet_address(name: str) -> str | None:
    status = _of(name, Status)
    return status.addresses[0] if status and status.addresses else None


def _nodes(declared: Cluster) -> list[Any]:
    return _of(declared.control_planes[0].name, Nodes) or []


def _of(name: str, fact: type) -> Any:
    return remote.fact(name, fact)


def _probe_pods(declared: Cluster) -> PodsMeasured:
    manifest = render("verify/probe.yaml.j2", namespace=PROBE_NAMESPACE, image=PROBE_IMAGE)
    script = render(
        "verify/probe.sh.j2",
        namespace=PROBE_NAMESPACE,
        manifest=manifest,
        timeout_s=PROBE_TIMEOUT_S,
        dns_domain=declared.dns_domain,
    )
    try:
        said = remote.run(declared.control_planes[0].name, "sh -s", stdin=script, timeout_s=2 * PROBE_TIMEOUT_S + 60)
    except remote.RemoteFailure as failure:
        return PodsMeasured(note=str(failure))
    return read_probe(said)


def read_probe(said: str) -> PodsMeasured:
    """What templates/verify/probe.sh.j2 printed."""
    paths: dict[str, dict[str, bool]] = {}
    others: dict[str, dict[str, bool]] = {"dns": {}, "service": {}}
    note = ""
    for kind, *rest in (line.split(" ") for line in said.splitlines() if line):
        if kind == "pod":
            paths.setdefault(rest[0], {})[rest[1]] = rest[2] == "yes"
        elif kind in others:
            others[kind][rest[0]] = rest[1] == "yes"
        elif kind == "rollout":
            note = " ".join(rest)
    return PodsMeasured(paths, others["dns"], others["service"], note)


def _report(declared: Cluster, asked: set[str]) -> None:
    measured = Measurement(
        cluster=declared.cluster_name,
        kubernetes=declared.kubernetes_version,
        headscale=declared.headscale_version,
        seconds=round(time.monotonic() - _started, 1),
        hosts=tuple(_hosts[member.name] for member in declared.hosts if member.name in asked),
        pods=next(iter(_pods.values()), PodsMeasured(note="no control plane was asked")),
    )
    found = problems(declared, measured)
    print(terminal.render(declared, measured, found))
    target = Path("build/verify.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(
        json.dumps({**measured.to_json(), "problems": [problem.to_json() for problem in found]}, indent=2)
    )
    sys.exit(1 if found else 0)
