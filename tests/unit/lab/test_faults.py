"""Faults are caused, recorded and healed, without a lab."""

from __future__ import annotations

import pytest

from lab import faults
from lab.__main__ import main
from lab.failures import LabError
from lab.faults.catalogue import FAULTS
from lab.faults.context import Context, Fault
from lab.world import state


def at(lab: state.Run, name: str, target: str | None = None) -> Context:
    return faults.context_of(lab, name, target)


def recorder(seen: list[str], fails: bool = False) -> Fault:
    def apply(context: Context) -> None:
        seen.append("apply")
        context.save("before")
        if fails:
            raise context.error("is not possible", "of this test")

    return Fault("a test", "site", apply, lambda context: seen.append(f"undo {context.saved()}"))


def test_all_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["break", "--list", "--run", "t"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(FAULTS)


def test_a_fault_is_recorded_until_it_is_healed(lab: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setitem(FAULTS, "udp-blocked", recorder(seen))
    faults.cause(lab, "udp-blocked", "home")
    assert faults.in_force(lab) == [["udp-blocked", "home"]]
    with pytest.raises(LabError, match=r"is in force already(.|\n)*heal udp-blocked home"):
        faults.cause(lab, "udp-blocked", "home")
    faults.cause(lab, "udp-blocked", "cloud")
    faults.heal(lab, "udp-blocked", "home")
    assert faults.in_force(lab) == [["udp-blocked", "cloud"]]
    assert seen == ["apply", "apply", "undo before"]
    assert at(lab, "udp-blocked", "home").saved() == ""


def test_what_is_not_broken_can_t_be_healed(lab: state.Run) -> None:
    with pytest.raises(LabError, match=r"fault host-gone away(.|\n)*is not in force(.|\n)*none"):
        faults.heal(lab, "host-gone", "away")


def test_a_fault_that_is_impossible_leaves_nothing(lab: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setitem(FAULTS, "udp-blocked", recorder(seen, fails=True))
    with pytest.raises(LabError, match="of this test"):
        faults.cause(lab, "udp-blocked", "home")
    assert seen == ["apply", "undo before"]
    assert faults.in_force(lab) == []


def test_the_target_must_be_what_the_fault_happens_to(lab: state.Run) -> None:
    with pytest.raises(LabError, match="name one of first, away"):
        at(lab, "host-gone")
    with pytest.raises(LabError, match="its sites are cloud, home"):
        at(lab, "udp-blocked", "away")
    with pytest.raises(LabError, match="leave away out"):
        at(lab, "headscale-stopped", "away")


def test_faults_of_one_router_have_tables_of_their_own(lab: state.Run) -> None:
    tables = {at(lab, "udp-blocked", "home").table, at(lab, "hard-nat", "home").table}
    tables |= {at(lab, "dns-broken", "away").table, at(lab, "dns-broken", "first").table}
    assert len(tables) == 4
