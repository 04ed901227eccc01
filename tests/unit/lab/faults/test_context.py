"""A fault's target and the time that it has."""

from __future__ import annotations

import pytest

from lab.faults import context as faults_context
from lab.faults.context import Context
from lab.world import machines
from lab.world.state import Run
from tests.unit.lab.worlds import behind, world


def test_an_emulated_machine_has_more_time_to_settle(lab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(machines, "has_kvm", lambda *_: False)
    monkeypatch.setattr(faults_context, "wait_until", lambda _, seconds, **__: waited.append(seconds) or True)
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"machine": "vm"}))
    context = Context(lab, planned, "kubelet-newer", given_host=planned.host("away"))
    assert context.settles(lambda: True, 90)
    assert context.settles(lambda: True, 90, planned.host("first"))
    assert waited == [90 * machines.SLOWNESS[False], 90]
