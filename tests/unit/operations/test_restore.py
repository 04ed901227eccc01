"""Brought back only if the backup fits, and opened by no preview."""

from __future__ import annotations

import pytest

from cluster.observed.kubeadm_state import Membership as Left
from cluster.observed.packages import Package
from cluster.observed.tailscale import ClientStatus
from facts import backup
from facts.dpkg import Packages
from facts.kubernetes import KubeletVersion, Membership
from facts.paths import Present
from facts.tailscale import Status
from operations import restore
from tests.unit.operations.fake_host import MINE, OTHERS, commands

OUTSIDE = Left()


class TestFitting:
    def fits(self, *, kubelet: str = "1.36.3", headscale: str = "0.29.3", left: Left | None = OUTSIDE) -> str:
        facts = {Packages: {"headscale": Package(headscale, True) if headscale else None}, KubeletVersion: kubelet}
        given = {"kubernetes": "1.36.1", "headscale": "0.29.3", "authority": lambda: MINE}
        return "".join(commands(restore.check_backup, {**facts, Membership: left}, **given))

    def test_the_same_or_an_empty_host(self) -> None:
        assert self.fits() == self.fits(kubelet="", headscale="") == self.fits(left=Left(True, MINE, MINE)) == ""

    def test_what_does_not_fit_is_refused(self) -> None:
        assert "kubelet 1.35.4 is installed, but the backup is of kubelet 1.36.1" in self.fits(kubelet="1.35.4")
        assert "headscale 0.28.0 is installed" in self.fits(headscale="0.28.0")
        assert "another cluster" in self.fits(left=Left(True, OTHERS, ""))
        assert "another cluster" in self.fits(left=Left(False, "", OTHERS))
        assert "could not be read" in self.fits(left=None)


@pytest.mark.parametrize(
    ("status", "there", "count"),
    [
        (ClientStatus("Running", addresses=("100.64.10.1",)), [backup.STATE], 0),
        (ClientStatus("Running", addresses=("100.64.10.9",)), [backup.STATE], 1),
        (ClientStatus("NeedsLogin"), [backup.STATE], 1),
        (ClientStatus("absent"), [], 1),
        (ClientStatus("absent"), [backup.STATE], 0),
    ],
)
def test_a_host_that_lost_its_key_gets_it_back(status: ClientStatus, there: list[str], count: int) -> None:
    given = {"address": "100.64.10.1", "archive": lambda: b"secret"}
    found = commands(restore.machine, {Status: status, Present: there}, **given)
    assert found == ["sh -s"] * count
    assert commands(restore.machine, {Status: status, Present: there}, address="", archive=None) == []


def test_a_silent_client_is_not_taken_for_an_absent_one() -> None:
    for status in (None, ClientStatus("unreachable")):
        (only,) = commands(restore.machine, {Status: status, Present: []}, address="1", archive=lambda: b"")
        assert "could not be read" in only


def test_the_preview_of_a_restore_opens_nothing() -> None:
    def never() -> bytes:
        raise AssertionError("a preview has no use for it")

    given = {"node": "n", "address": never, "document": never, "pki": never, "snapshot": never}
    assert commands(restore.cluster, {}, executing=False, **given) == ["true"]
    assert commands(restore.headscale, {}, executing=False, archive=never) == ["sh -s"]
