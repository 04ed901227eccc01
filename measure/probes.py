"""What is tried out: from pod to pod, and what a deploy would change."""

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
from cluster.observed.probe import PodsMeasured, parse_probe
from engine.command_line import VERIFY, WORDS
from engine.phase import OPERATORS_OWN
from engine.templates import render
from facts import kubernetes
from measure import ask

PROBE_IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
# For hosts that answer at once. PROBE_S is the two before it, and eight seconds for the rest of the script.
ROLLOUT_S, EXEC_S, PROBE_S, DRIFT_S = 28, 30, 66, 50


def pods(declared: Cluster, speaker: str, pace: float = 1.0) -> PodsMeasured:
    """Small pods on every node, asked what they reach; they and all that belongs to them are gone afterwards.

    All time limits are `pace` times as long.
    """
    namespace = f"isthmus-verify-{int(time.time())}"
    manifest = render("verify/probe.yaml.j2", namespace=namespace, image=PROBE_IMAGE)
    script = render(
        "verify/probe.sh.j2",
        namespace=namespace,
        manifest=manifest,
        rollout_s=round(ROLLOUT_S * pace),
        exec_s=round(EXEC_S * pace),
        dns_domain=declared.dns_domain,
        outside=declared.coordination_name,
        kubelet_port=ports.KUBELET,
        kubectl_cache=kubernetes.KUBECTL_CACHE,
    )
    try:
        return parse_probe(ask.output(speaker, script, round(PROBE_S * pace)).splitlines())
    except ask.NotAnswered as failure:
        return PodsMeasured(note=str(failure))
    except Exception as failure:
        # A pod may print anything.
        return PodsMeasured(note=f"the probe's answer could not be read: {type(failure).__name__}")


def drift(pace: float = 1.0) -> tuple[tuple[str, ...] | None, str]:
    """What a deploy would change now, as its preview lists it; None, and the reason, if that could not be found out in time.

    `pace`: how many times as long the preview may take.
    """
    limit_s = round(DRIFT_S * pace)
    words = [str(Path(sys.executable).parent / "pyinfra"), *_without_our_words(sys.argv[1:]), "--dry", "--json"]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s)
        plan = json.loads(done.stdout)["plan"] if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        return None, f"a preview of the deploy takes more than {limit_s} s"
    except (OSError, ValueError, KeyError) as failure:
        return None, f"{type(failure).__name__} in a preview of the deploy"
    if plan is None:
        return None, _complaint(done.stderr)
    return tuple(_line(step) for step in plan if _line(step)), ""


def _complaint(printed: str) -> str:
    """The problems that a failed preview prints, else its last line."""
    lines = [line.strip() for line in printed.splitlines() if line.strip() and "Disconnecting" not in line]
    named = [line.removeprefix("what ").strip() for line in lines if line.startswith("what ")]
    return "; ".join(named) or (lines[-1] if lines else "a preview of the deploy fails without a word")


def _line(step: Mapping[str, Any]) -> str:
    """`NAME: HOSTS` if it would change something, else empty."""
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
