"""Delay and loss of links."""

from __future__ import annotations

import json

import pytest

from lab import faults, mirror
from lab.world import lifecycle, links, state
from lab.world.plan import plan


def test_impairments_of_a_link_add_up_and_go_one_by_one(lab: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wires: list[tuple[float, float]] = []
    monkeypatch.setattr(links, "set_link", lambda lab, link, delay, loss: wires.append((delay, loss)))
    faults.cause(lab, "latency", "cloud")
    faults.cause(lab, "loss", "cloud")
    lab.update(delay=False)
    links.apply(lab, plan("t", lab.cluster(), mirror.NAMES), faults.context_of(lab, "loss", "cloud").site)
    faults.heal(lab, "latency", "cloud")
    faults.heal(lab, "loss", "cloud")
    assert wires == [(205, 0), (205, 5), (200, 5), (0, 5), (0, 0)]
    assert json.loads(lab.state_file.read_text())["faults"] == []


def test_the_operators_link_has_a_delay_of_its_own(lab: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wires: dict[str, float] = {}
    monkeypatch.setattr(links, "set_link", lambda lab, link, delay, loss: wires.update({link.where: delay}))
    lifecycle.set_delay(lab, False, 200.0)
    assert wires["the operator"] == 100.0  # each way
    assert {delay for where, delay in wires.items() if where != "the operator"} == {0.0}
    lifecycle.set_delay(lab, True)
    assert wires["the operator"] == 100.0
    assert wires["site cloud"] == 5.0
