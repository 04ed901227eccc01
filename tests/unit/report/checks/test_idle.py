"""Oracle's rule for idle machines of its free tier: who is at risk, by which figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.observed.machine import Usage
from report.checks.idle import DAY_S, figure, is_at_risk
from report.findings import Finding
from tests.unit.report.recorded import found, healthy, measurement, otherwise

MICRO = Usage({"chassis_asset_tag": "OracleCloud.com"}, "x86_64", 2, 956, 41.0, 2.1, 0.04, 12 * DAY_S)
AMPERE = Usage({"chassis_asset_tag": "OracleCloud.com"}, "aarch64", 4, 24009, 10.8, 2.0, 0.06, 12 * DAY_S)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (MICRO, True),
        (AMPERE, True),
        # Memory counts on Ampere only, and one figure above the limit is enough.
        (replace(MICRO, memory_percent=80.0), True),
        (replace(AMPERE, memory_percent=20.0), False),
        (replace(AMPERE, memory_percent=19.9), True),
        (replace(MICRO, busy_percent=20.0), False),
        (replace(AMPERE, busy_percent=31.0), False),
        # Larger machines are paid for.
        (replace(MICRO, memory_mb=16000), False),
        (replace(AMPERE, processors=8), False),
        (replace(AMPERE, memory_mb=32000), False),
        # A first day proves nothing.
        (replace(MICRO, uptime_s=DAY_S - 1), False),
        # Somebody else's machine.
        (replace(MICRO, firmware={"sys_vendor": "Hetzner"}), False),
        (replace(MICRO, firmware={}), False),
    ],
)
def test_who_is_at_risk(usage: Usage, expected: bool) -> None:
    assert is_at_risk(usage) == expected


def test_the_figures() -> None:
    assert figure("oci1", MICRO) == "oci1 processors 2 % busy in 12 days, load 0.04"
    assert (
        figure("oci4", replace(AMPERE, uptime_s=DAY_S)) == "oci4 processors 2 % busy in 1 day, load 0.06, memory 11 %"
    )


def findings(usages: dict[str, Usage], **otherwise_declared: Any) -> list[Finding]:
    values = healthy()
    for host in values["hosts"]:
        host["usage"] = usages.get(host["name"])
    cluster = otherwise(otherwise_declared)
    return [one for one in found(measurement(values), cluster=cluster) if one.check.name == "idle-reclaim"]


def test_all_hosts_at_risk_are_one_warning_with_what_helps() -> None:
    (one,) = findings({"oci1": MICRO, "oci2": MICRO, "oci4": AMPERE, "ubuntu01": replace(MICRO, firmware={})})
    assert (one.severity, one.hosts, one.problem.where) == ("warning", ("oci1", "oci2", "oci4"), "oci1, oci2, oci4")
    assert "oci1 processors 2 % busy in 12 days, load 0.04; oci2" in one.problem.what
    assert one.problem.why.endswith("on Ampere memory too; without oci1 and oci2 no host can log in to the tailnet")
    assert one.problem.fix.startswith("convert the account to Pay As You Go")


def test_it_ends_with_its_exception() -> None:
    declared = {"oci1": {"exceptions": ("idle",)}}
    assert findings({"oci1": MICRO}, hosts=declared) == []
    (one,) = findings({"oci1": MICRO, "oci3": AMPERE}, hosts=declared)
    assert one.hosts == ("oci3",)
    assert "tailnet" not in one.problem.why


def test_nothing_is_found_where_nothing_was_measured() -> None:
    assert findings({}) == []
