"""Services: restarted if a file is newer, started and enabled if not, else left alone."""

from __future__ import annotations

from cluster.observed.systemd import Unit
from facts.systemd import State
from operations import systemd
from tests.unit.operations.fake_host import commands

RUNNING = Unit(loaded=True, active=True, failed=False, enabled=True, needs_reload=False, outdated=False)


def test_a_service_is_restarted_when_a_file_is_newer_than_it() -> None:
    outdated = Unit(**{**RUNNING.to_json(), "outdated": True})  # type: ignore[arg-type]
    assert commands(systemd.service, {State: outdated}, unit="a.service") == ["systemctl restart a.service"]
    assert commands(systemd.service, {State: RUNNING}, unit="a.service") == []


def test_a_stopped_service_is_started_and_enabled() -> None:
    stopped = Unit(loaded=True, active=False, failed=True, enabled=False, needs_reload=False, outdated=False)
    found = commands(systemd.service, {State: stopped}, unit="a.service")
    assert found == ["systemctl enable --quiet a.service && systemctl restart a.service"]
