"""Packages in one transaction, holds, and signing keys that are pinned."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pyinfra.facts.server import TmpDir

from cluster.observed.gpg import Keyring
from cluster.observed.packages import Package
from cluster.sources import AptSource
from facts.apt import SigningKeys
from facts.dpkg import Packages
from operations import apt
from tests.unit.operations.fake_host import commands

FINGERPRINT = "A" * 40
SOURCE = AptSource("a", "https://a", "https://a", "stable", "main", "https://a/key", FINGERPRINT)


def test_packages_missing_are_installed_in_one_transaction_and_held() -> None:
    wanted = [apt.Wanted("kubelet", "1.36.3-*", held=True), apt.Wanted("curl")]
    (one,) = commands(apt.packages, {Packages: {"kubelet": None, "curl": Package("8", False)}}, wanted=wanted)
    update, install, hold = one.split(" && ")
    assert update.endswith(" update")
    assert install.endswith("install --no-install-recommends 'kubelet=1.36.3-*'")
    assert hold == "apt-mark hold kubelet"


def test_a_package_that_is_sent_goes_into_the_same_transaction(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(apt, "deb", lambda *_: tmp_path / "tailscale.deb")
    sent = apt.Pushed(SOURCE, "amd64", None)
    wanted = [apt.Wanted("tailscale", "1.102.5", sent=sent), apt.Wanted("nginx")]
    found: dict[type, object] = {Packages: {"tailscale": None, "nginx": None}, TmpDir: "/tmp"}
    folder, upload, install = commands(apt.packages, found, wanted=wanted)
    assert folder == "mkdir -p /var/cache/isthmus"
    assert "tailscale.deb" in upload
    assert "recommends /var/cache/isthmus/tailscale.deb nginx && rm -f /var/cache/isthmus/tailscale.deb" in install
    assert commands(apt.packages, found, wanted=wanted, executing=False) == ["true"]


def test_a_package_that_could_not_be_fetched_fails_before_anything_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> Path:
        raise apt.NotFetched("the mirror is silent")

    monkeypatch.setattr(apt, "deb", nothing)
    wanted = [apt.Wanted("tailscale", "1.102.5", sent=apt.Pushed(SOURCE, "amd64", None))]
    (only,) = commands(apt.packages, {Packages: {"tailscale": None}}, wanted=wanted)
    assert "the mirror is silent" in only


def test_an_installed_package_of_another_version_is_left_alone() -> None:
    wanted = [apt.Wanted("kubelet", "1.36.3-*", held=True)]
    assert commands(apt.packages, {Packages: {"kubelet": Package("1.35.4-1.1", True)}}, wanted=wanted) == []


def test_a_lost_hold_is_restored() -> None:
    wanted = [apt.Wanted("kubelet", held=True)]
    assert commands(apt.packages, {Packages: {"kubelet": Package("1", False)}}, wanted=wanted) == [
        "apt-mark hold kubelet"
    ]


def key(keyring: Keyring | None, monkeypatch: pytest.MonkeyPatch, published: str = FINGERPRINT) -> list[str]:
    def ring(key: bytes, source: AptSource) -> bytes:
        if published != source.fingerprint:
            raise apt.NotFetched(f"{published} is not the pinned key")
        return key

    monkeypatch.setattr(apt, "apt_keyring", ring)
    monkeypatch.setattr(apt.remote, "run", lambda *_: "a2V5\n")
    return commands(apt.signing_keys, {SigningKeys: keyring}, sources=[SOURCE])


def test_a_signing_key_is_kept_when_absent_expired_or_another(monkeypatch: pytest.MonkeyPatch) -> None:
    for found in ({}, {FINGERPRINT: int(time.time()) - 1}, {FINGERPRINT: None, "B" * 40: None}):
        assert key(Keyring(found), monkeypatch) == ["sh -s"]
    assert key(Keyring({FINGERPRINT: None}), monkeypatch) == []


def test_a_signing_key_that_is_not_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    (refused,) = key(Keyring({}), monkeypatch, "B" * 40)
    assert "is not the pinned key" in refused
