"""headscale, and each host's membership of the tailnet."""

from __future__ import annotations

from collections.abc import Iterator

from report.checks.groups import NETWORK, PROGRAMS
from report.checks.hosts import DEPLOY
from report.findings import Deviation, View, check, deviation


@check(
    "headscale-health",
    depends_on=(
        "host-unreachable",
        "host-slow",
        "disk-pressure",
        "clock-skew",
        "certificate-expiry",
        *NETWORK,
        "dns-host",
    ),
)
def headscale_health(view: View) -> Iterator[Deviation]:
    """headscale does not answer on its own host, or no host reaches it through the gateway."""
    center, coordinator = view.measured.coordination, view.cluster.coordinator.name
    if center and "pass" not in center.health and view.has(coordinator):
        host = view.measured.host(coordinator)
        state = host.units.get("headscale", "absent")
        yield deviation(
            coordinator,
            f"headscale does not answer on its own host; its unit is {state}",
            "it is stopped, or refuses its configuration or policy at start"
            if state != "active"
            else "it runs, but is not healthy",
            f"on {coordinator}: journalctl -u headscale -n 30; systemctl restart headscale",
            host.evidence.get("headscale-health"),
            host.evidence.get("units"),
        )
    elif _answers_nobody(view):
        yield _through_the_gateway(view, _failing(view))


@check(
    "headscale-unreachable",
    depends_on=(*PROGRAMS, "clock-skew", *NETWORK, "dns-host", "path-blocked"),
    anywhere=("headscale-health",),
)
def unreachable(view: View) -> Iterator[Deviation]:
    """The host does not reach headscale, although others do."""
    for name, reason in {} if _answers_nobody(view) else _failing(view).items():
        yield deviation(
            name,
            f"it does not reach {view.cluster.server_url}, although others do",
            reason or "no answer",
            f"on {name}: curl -v {view.cluster.server_url}/health",
            view.measured.host(name).evidence.get("login-server"),
        )


def _failing(view: View) -> dict[str, str]:
    return {host.name: host.coordination for host in view.hosts() if host.coordination}


def _answers_nobody(view: View) -> bool:
    return bool(_failing(view)) and len(_failing(view)) == len(list(view.hosts()))


def _through_the_gateway(view: View, failing: dict[str, str]) -> Deviation:
    gateway = view.cluster.gateway.name
    state = view.measured.host(gateway).units.get("nginx", "unknown") if view.has(gateway) else "unknown"
    return deviation(
        tuple(dict.fromkeys((gateway, view.cluster.coordinator.name))),
        f"no host reaches {view.cluster.server_url}; nginx on {gateway} is {state}",
        next(iter(failing.values())) or "no answer",
        f"on {gateway}: nginx -t; systemctl restart nginx; journalctl -u nginx -n 30",
        *(view.measured.host(name).evidence.get("login-server") for name in failing),
        where=gateway,
        caused_by=(gateway,),
    )


@check(
    "tailnet-down",
    depends_on=("host-unreachable", "host-slow", *PROGRAMS, "clock-skew", "dns-host"),
    anywhere=("headscale-health",),
)
def tailnet_down(view: View) -> Iterator[Deviation]:
    """The host is not in the tailnet."""
    for host in view.hosts():
        if host.tailnet is None or (host.tailnet.state == "Running" and host.tailnet_address):
            continue
        if host.tailnet.state == "unreachable" and view.answers_others(host.name):
            # Its client was too busy to answer in time.
            continue
        unit = host.units.get("tailscaled", "unknown")
        reasons = {
            "inactive": "tailscaled is stopped",
            "failed": "tailscaled has failed",
            "absent": "tailscale is not installed",
        }
        why = reasons.get(unit, f"tailscaled runs, and its state is {host.tailnet.state}: logged out, or never joined")
        is_stopped = unit in ("inactive", "failed")
        yield deviation(
            host.name,
            "it is not in the tailnet",
            why,
            f"on {host.name}: systemctl start tailscaled; journalctl -u tailscaled -n 30" if is_stopped else DEPLOY,
            host.evidence.get("units"),
        )
