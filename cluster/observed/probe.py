"""What verify's probe prints: the pods that it starts on every node, and what each of them reaches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cluster.observed.pods import WaitingPod, waiting


@dataclass(frozen=True)
class PodsMeasured:
    """What the probe's pods reach: node → node → answered (small, large), node → DNS answers, node → a ClusterIP answers.

    `gateways`: node → node → a pod on the one reaches cni0 of the other (its own node's, too).
    """

    paths: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    large: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    dns: Mapping[str, bool] = field(default_factory=dict)
    service: Mapping[str, bool] = field(default_factory=dict)
    upstream: Mapping[str, bool] = field(default_factory=dict)
    own: Mapping[str, bool] = field(default_factory=dict)
    gateways: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    waiting: tuple[WaitingPod, ...] = ()
    note: str = ""


def parse_probe(lines: Sequence[str]) -> PodsMeasured:
    """What templates/verify/probe.sh.j2 printed; lines of other kinds are left out."""
    pairs: dict[str, dict[str, dict[str, bool]]] = {"pod": {}, "large": {}, "gateway": {}}
    single: dict[str, dict[str, bool]] = {"dns": {}, "service": {}, "upstream": {}, "own": {}}
    note, listed = "", []
    for line in lines:
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


def _waiting(lines: Sequence[str]) -> tuple[WaitingPod, ...]:
    """None of them if kubectl was cut off."""
    try:
        return tuple(
            found for item in json.loads("\n".join(lines) or '{"items": []}')["items"] for found in waiting(item)
        )
    except (ValueError, KeyError):
        return ()
