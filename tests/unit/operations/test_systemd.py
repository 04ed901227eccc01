"""Services: restarted if a file is newer, started and enabled if not, else left alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

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


STARTED = 1795836966
# Prints as systemd does: in the zone of its environment, by the name that the zone has there.
SYSTEMCTL = f"""#!/bin/sh
echo LoadState=loaded; echo ActiveState=active; echo UnitFileState=enabled; echo NeedDaemonReload=no
echo "ActiveEnterTimestamp=$(date -d @{STARTED} '+%a %Y-%m-%d %H:%M:%S %Z')"
"""


@pytest.mark.parametrize("zone", ["Etc/UTC", "Asia/Hong_Kong", "Asia/Shanghai", "Europe/London", "Pacific/Guam"])
def test_a_file_is_newer_than_a_start_in_any_zone_of_the_host(zone: str, tmp_path: Path) -> None:
    (tmp_path / "systemctl").write_text(SYSTEMCTL)
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "stat").write_text(f"#!/bin/sh\ncat {tmp_path}/changed\n")
    (tmp_path / "stat").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "TZ": zone}
    for after in (-60, 60):
        (tmp_path / "changed").write_text(f"{STARTED + after}\n")
        command = str(State().command(unit="a.service", reads=["/etc/a"]))
        shown = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, timeout=20, env=environment
        ).stdout
        assert State().process(shown.splitlines()).outdated == (after > 0)


def test_a_start_that_is_in_another_zone_is_unknown_and_no_restart() -> None:
    shown = ["LoadState=loaded", "ActiveState=active", "NeedDaemonReload=no", "Newest=1"]
    with pytest.raises(FactProcessError, match="HKT"):
        State().process([*shown, "ActiveEnterTimestamp=Sat 2026-11-28 11:36:06 HKT"])
    assert "could not be read" in commands(systemd.service, {State: None}, unit="a.service")[0]
