"""Waiting for hosts that boot."""

from __future__ import annotations

import pytest

from lab.failures import LabError
from lab.world import boot, hosts, machines
from lab.world.state import Run
from tests.unit.lab.worlds import behind, world

DECLARED = {"away": behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"machine": "vm", "architecture": "amd64"})}


@pytest.fixture(autouse=True)
def _on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that are powered on and print nothing."""
    monkeypatch.setattr(hosts, "boot", lambda *_: None)
    monkeypatch.setattr(machines, "has_kvm", lambda *_: False)
    monkeypatch.setattr(machines, "failure", lambda *_: "")


def test_a_panic_ends_the_waiting_at_once(lab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "ssh_output", lambda *_: "")
    monkeypatch.setattr(machines, "failure", lambda *_: "Kernel panic - not syncing")
    planned = world(**DECLARED)
    with pytest.raises(LabError, match=r"host away\n.*did not finish booting\n.*Kernel panic - not syncing"):
        boot.power_on(lab, planned, [planned.host("away")])


def test_a_host_that_answers_has_booted_though_a_unit_has_failed(
    lab: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["", "starting", "degraded"])
    monkeypatch.setattr(boot, "ssh_output", lambda *_: next(answers))
    planned = world(**DECLARED)
    boot.power_on(lab, planned, [planned.host("away")])
    assert "away: vm, amd64 emulated, usually one to three minutes" in capsys.readouterr().out


def test_a_silent_host_is_named_with_the_time_that_it_had(lab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "ssh_output", lambda *_: "")
    monkeypatch.setattr(boot, "BOOT_SECONDS", 0)
    planned = world(**DECLARED)
    with pytest.raises(LabError, match="it did not answer by SSH within 0 s"):
        boot.power_on(lab, planned, [planned.host("away")])
