"""Faults of one host."""

from __future__ import annotations

from typing import Any

import pytest

from lab.faults import machines
from lab.faults.context import Context
from lab.world.state import Run
from tests.unit.lab.worlds import behind, world


def test_the_rules_that_keep_a_lan_can_be_added_as_they_were() -> None:
    shown = "0:\tfrom all lookup local\n2500:\tfrom all to 10.0.0.0/24 lookup main\n5270:\tfrom all lookup 52\n"
    assert machines.lan_rules(shown) == ["priority 2500 from all to 10.0.0.0/24 lookup main"]


@pytest.mark.parametrize(
    ("machine", "caused", "healed"), [("vm", "date -u -s", "date -u -s"), ("container", "preload", "rm -f")]
)
def test_a_machine_s_own_clock_is_set_and_a_container_s_library_is_preloaded(
    machine: str, caused: str, healed: str, lab: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts: list[str] = []
    monkeypatch.setattr(machines, "on_host", lambda context, script, *_: scripts.append(script))
    monkeypatch.setattr(machines, "skewed_clock", lambda: b"library")
    declared: dict[str, Any] = behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"machine": machine})
    planned = world(away=declared)
    context = Context(lab, planned, "clock-skew", given_host=planned.host("away"))
    machines.skew_clock(context)
    machines.unskew_clock(context)
    assert caused in scripts[0]
    assert healed in scripts[1]
    assert len(scripts) == 2
