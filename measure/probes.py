"""What is tried out: from host to host, from pod to pod, and what a deploy would change."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gevent import subprocess  # type: ignore[import-untyped]

from cluster import ports
from cluster.model import Cluster
from cluster.observed import programs
from engine.command_line import VERIFY, WORDS
from engine.phase import OPERATORS_OWN
from engine.templates import render
from measure import ask, questions, read
from report import exposure
from report.measurement import HostMeasured, PodsMeasured, WaitingPod

PROBE_IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
ROLLOUT_S, EXEC_S, PROBE_S, REACH_S, DRIFT_S = 28, 18, 54, 30, 50


def reach(
    declared: Cluster, hosts: Mapping[str, HostMeasured], tailnet: Mapping[str, str], name: str
) -> dict[str, Any]:
    """What `name` reaches, as fields of HostMeasured; raises NotAnswered."""
    others = [host for host in declared.hosts if host.name != name]
    mesh = {tailnet[host.name]: host.name for host in others if host.name in tailnet}
    lan = {str(host.lan_address): host.name for host in others}
    gateways = {programs.pod_gateway(hosts[host.name].pod_cidr): host.name for host in others if host.name in hosts}
    gateways.pop("", None)
    own = programs.pod_gateway(hosts[name].pod_cidr)
    sender = programs.pod_address(hosts[name].pod_cidr)
    ports = exposure.to_try(declared, list(hosts.values()), name)
    far = exposure.far_machines(declared, list(hosts.values()), name)
    question = questions.Reach().command(
        list(mesh), list(lan), declared.tailnet_mtu, list(gateways), own, sender, [*ports], far
    )
    sections = ask.sections(name, question, REACH_S)
    opened = read.answers(sections["ports"].output) if "ports" in sections else {}
    by_host: dict[str, dict[str, bool]] = {}
    for target, is_open in opened.items():
        if target in ports:
            by_host.setdefault(ports[target], {})[target.split()[1]] = is_open
    return {**read.reach(sections, mesh, lan, gateways), "open_ports": by_host, "said": read.said(sections)}


def pods(declared: Cluster, speaker: str) -> PodsMeasured:
    """Small pods on every node, asked what they reach; they and all that belongs to them are gone afterwards."""
    namespace = f"isthmus-verify-{int(time.time())}"
    manifest = render("verify/probe.yaml.j2", namespace=namespace, image=PROBE_IMAGE)
    script = render(
        "verify/probe.sh.j2",
        namespace=namespace,
        manifest=manifest,
        rollout_s=ROLLOUT_S,
        exec_s=EXEC_S,
        dns_domain=declared.dns_domain,
        outside=declared.coordination_name,
        kubelet_port=ports.KUBELET,
    )
    try:
        return read_probe(ask.said(speaker, script, PROBE_S))
    except ask.NotAnswered as failure:
        return PodsMeasured(note=str(failure))


def read_probe(said: str) -> PodsMeasured:
    """What templates/verify/probe.sh.j2 printed."""
    pairs: dict[str, dict[str, dict[str, bool]]] = {"pod": {}, "large": {}, "gateway": {}}
    single: dict[str, dict[str, bool]] = {"dns": {}, "service": {}, "upstream": {}, "own": {}}
    note, listed = "", []
    for line in said.splitlines():
        kind, _, rest = line.partition(" ")
        words = rest.split()
        if kind in pairs and len(words) == 3:
            pairs[kind].setdefault(words[0], {})[words[1]] = words[2] == "yes"
        elif kind in single and len(words) == 2:
            single[kind][words[0]] = words[1] == "yes"
        elif kind == "rollout":
            note = rest
        elif kind == "json":
            listed.append(rest)
    return PodsMeasured(
        pairs["pod"], pairs["large"], gateways=pairs["gateway"], **single, waiting=_waiting(listed), note=note
    )


def _waiting(lines: list[str]) -> tuple[WaitingPod, ...]:
    try:
        return tuple(
            found for item in json.loads("\n".join(lines) or '{"items": []}')["items"] for found in read.waiting(item)
        )
    except (ValueError, KeyError):
        return ()


def drift() -> tuple[tuple[str, ...] | None, str]:
    """What a deploy would change now, as its preview lists it; None, and why, where that could not be found out in time."""
    words = [str(Path(sys.executable).parent / "pyinfra"), *_without_our_words(sys.argv[1:]), "--dry", "--json"]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DRIFT_S)
        plan = json.loads(done.stdout)["plan"] if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        return None, f"a preview of the deploy takes more than {DRIFT_S} s"
    except (OSError, ValueError, KeyError) as failure:
        return None, f"{type(failure).__name__} in a preview of the deploy"
    if plan is None:
        return None, _complaint(done.stderr)
    return tuple(_line(step) for step in plan if _line(step)), ""


def _complaint(said: str) -> str:
    """What a preview that failed says: the problems that it names, else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and "Disconnecting" not in line]
    named = [line.removeprefix("what ").strip() for line in lines if line.startswith("what ")]
    return "; ".join(named) or (lines[-1] if lines else "a preview of the deploy fails without a word")


def _line(step: Mapping[str, Any]) -> str:
    """`NAME: HOSTS` where it would change something on hosts."""
    if step["name"].startswith(OPERATORS_OWN):
        return ""
    changed = [*step["hosts_with_change"], *step["hosts_with_conditional_change"]]
    return f"{step['name']}: {', '.join(changed)}" if changed else ""


def _without_our_words(given: list[str]) -> list[str]:
    """The same command line for the deploy."""
    words: list[str] = []
    for word in given:
        if word.partition("=")[0].removeprefix("--data=") in WORDS and words and words[-1] == "--data":
            words.pop()
        elif word not in ("-y", "--yes"):
            words.append("deploy.py" if word.endswith(VERIFY) else word)
    return words
