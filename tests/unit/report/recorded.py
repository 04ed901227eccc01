"""Recorded measurements, and variants of them: `change` is a list of [path, value]; a path's `*` stands for every key. `declared` = what the inventory has otherwise."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from cluster.model import Cluster
from lab.load_inventory import load
from report import checks
from report.findings import Finding, View
from report.measurement import Measurement
from tests import places
from tests.places import PROJECT

HEALTHY = places.CASES / "healthy.json"
CASES = sorted((places.CASES / "report").glob("*.json"))


@cache
def declared() -> Cluster:
    """The reference inventory's cluster, which was measured."""
    return load(PROJECT / "inventory.py")


def otherwise(changes: dict[str, Any]) -> Cluster:
    """The reference cluster with other values; `hosts` has those of each host by name."""
    hosts = {name: dict(values) for name, values in changes.get("hosts", {}).items()}
    changed = tuple(host.model_copy(update=hosts.get(host.name, {})) for host in declared().hosts)
    return declared().model_copy(update={**changes, "hosts": changed})


def healthy() -> dict[str, Any]:
    """The values of a run against a healthy lab of the reference inventory."""
    return json.loads(HEALTHY.read_text())


def varied(changes: list[tuple[str, Any]]) -> Measurement:
    values = healthy()
    for path, value in changes:
        put(values, path.split("."), value)
    return measurement(values)


def measurement(values: Mapping[str, Any]) -> Measurement:
    """A measurement from its JSON; findings stand beside it in the file."""
    return TypeAdapter(Measurement).validate_python(values)


def put(values: Any, path: list[str], value: Any) -> None:
    head, *rest = path
    for key in _keys(values, head):
        if rest:
            put(values[key], rest, value)
        else:
            values[key] = copy.deepcopy(value)


def _keys(values: Any, head: str) -> list[Any]:
    if isinstance(values, list):
        return [at for at, one in enumerate(values) if head == "*" or one["name"] == head]
    return list(values) if head == "*" else [head]


def view(measured: Measurement, cluster: Cluster | None = None) -> View:
    return View(cluster or declared(), measured, datetime.fromisoformat(measured.measured_at).timestamp())


def found(measured: Measurement, only: str = "", skip: str = "", cluster: Cluster | None = None) -> tuple[Finding, ...]:
    return checks.run(checks.select(only, skip), view(measured, cluster))


def as_case(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """What a case expects: check and place, and what follows from it."""
    return [
        {
            "check": finding.check.name,
            "where": finding.problem.where,
            "so": sorted({below.check.name for below in finding.consequences}),
        }
        for finding in findings
        if finding.severity == "problem"
    ]
