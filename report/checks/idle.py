"""Machines that their provider stops if they idle: Oracle's rule for its free tier (docs/checks.md has the source)."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.model import Host
from cluster.observed.machine import Usage
from cluster.providers import ORACLE, provider_of
from cluster.support import IDLE
from report.findings import Deviation, View, check, deviation

LIMIT_PERCENT = 20
DAY_S = 86400
# Always Free shapes: E2.1.Micro has 1 GB; A1 has at most four processors and 24 GB.
MICRO_MB, AMPERE_MB, AMPERE_PROCESSORS = 1024, 24 * 1024, 4


@check("idle-reclaim", is_mended_by_deploy=False)
def idle_reclaim(view: View) -> Iterator[Deviation]:
    """Oracle may stop this machine, because it looks like an idle one of its free tier."""
    at_risk = {
        host.name: host.usage
        for host in view.hosts()
        if host.usage and is_at_risk(host.usage) and IDLE not in view.cluster.host(host.name).exceptions
    }
    if at_risk:
        yield deviation(
            tuple(at_risk),
            f"Oracle may stop it as idle: {'; '.join(figure(name, usage) for name, usage in at_risk.items())}",
            f"its rule for Always Free machines: within a week processors (95th percentile) and network below {LIMIT_PERCENT} %, "
            f"on Ampere memory too{_consequence([view.cluster.host(name) for name in at_risk])}",
            f'convert the account to Pay As You Go (free within the same limits), then write exceptions = ("{IDLE}",)',
            *(view.measured.host(name).evidence.get("usage") for name in at_risk),
            where=", ".join(at_risk),
            severity="warning",
        )


def is_at_risk(usage: Usage) -> bool:
    """Whether the machine may be a free one, and is below each of the rule's limits that a host can measure."""
    return (
        is_free_shape(usage)
        and usage.uptime_s >= DAY_S
        and usage.busy_percent < LIMIT_PERCENT
        and (not _is_ampere(usage) or usage.memory_percent < LIMIT_PERCENT)
    )


def is_free_shape(usage: Usage) -> bool:
    """Whether Oracle has a free machine of this architecture and size."""
    if provider_of(usage.firmware) is not ORACLE:
        return False
    if _is_ampere(usage):
        return usage.processors <= AMPERE_PROCESSORS and usage.memory_mb <= AMPERE_MB
    return usage.memory_mb <= MICRO_MB


def figure(name: str, usage: Usage) -> str:
    """What was measured, against what the rule names."""
    days = usage.uptime_s / DAY_S
    text = f"{name} processors {usage.busy_percent:.0f} % busy in {days:.0f} day{'' if round(days) == 1 else 's'}, load {usage.load:.2f}"
    return f"{text}, memory {usage.memory_percent:.0f} %" if _is_ampere(usage) else text


def _is_ampere(usage: Usage) -> bool:
    return usage.architecture == "aarch64"


def _consequence(hosts: list[Host]) -> str:
    center = [host.name for host in hosts if host.is_gateway or host.is_coordinator]
    return f"; without {' and '.join(center)} no host can log in to the tailnet" if center else ""
