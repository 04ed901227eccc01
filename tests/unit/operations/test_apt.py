"""Packages in one transaction, holds, and signing keys that are pinned."""

from __future__ import annotations

import os
import subprocess
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
    assert hold == f"{apt.APT_MARK} hold kubelet"


def test_apt_removes_packages_only_if_that_is_accepted() -> None:
    wanted = [apt.Wanted("containerd.io")]
    (guarded,) = commands(apt.packages, {Packages: {"containerd.io": None}}, wanted=wanted)
    assert " --no-remove install " in guarded
    (accepted,) = commands(apt.packages, {Packages: {"containerd.io": None}}, wanted=wanted, may_remove=True)
    assert "--no-remove" not in accepted


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
        f"{apt.APT_MARK} hold kubelet"
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


# apt 2.6.1, where another process holds the lock of the lists, and where dpkg was killed.
LISTS_HELD = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 16219 (apt-get)\nE: Unable to lock directory /var/lib/apt/lists/"
INTERRUPTED = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. "


def program(path: Path, fails: int, words: str) -> None:
    """A program that fails so many times first."""
    calls = path.parent / "calls"
    path.write_text(
        f'#!/bin/sh\necho "$LC_ALL $*" >> {calls}\n'
        f"test $(grep -c . {calls}) -gt {fails} && echo well && exit\ncat <<'END'\n{words}\nEND\nexit 100\n"
    )
    path.chmod(0o755)


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "de_DE.UTF-8"}
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, env=environment)


def apt_get(folder: Path, fails: int, words: str) -> subprocess.CompletedProcess[str]:
    """`apt-get update` as the operations call it."""
    program(folder / "apt-get", fails, words)
    return run(folder, f"{apt.APT_GET} update")


def test_a_lock_of_apts_lists_is_waited_for_in_any_language(tmp_path: Path) -> None:
    done = apt_get(tmp_path, 1, LISTS_HELD)
    assert (done.returncode, done.stdout, done.stderr) == (0, "well\n", "")
    first, second = (tmp_path / "calls").read_text().splitlines()
    assert first == second
    assert first.startswith("C.UTF-8 -q -y -o DPkg::Lock::Timeout=300 ")
    assert first.endswith(" update")


# dpkg 1.21.22, which apt-mark calls.
DPKG_HELD = "dpkg: error: dpkg frontend lock was locked by another process with pid 20278\nE: Executing dpkg failed. Are you root?"


def test_a_lock_of_dpkg_is_waited_for_by_apt_mark_too(tmp_path: Path) -> None:
    program(tmp_path / "apt-mark", 1, DPKG_HELD)
    done = run(tmp_path, f"{apt.APT_MARK} hold kubelet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "well\n", "")
    assert (tmp_path / "calls").read_text().splitlines() == ["C.UTF-8 hold kubelet"] * 2


def test_another_error_of_apt_ends_it_at_once_and_a_broken_dpkg_has_a_fix(tmp_path: Path) -> None:
    done = apt_get(tmp_path, 9, INTERRUPTED)
    assert (done.returncode, done.stdout) == (100, "")
    assert "on it, run: dpkg --configure -a; apt-get -f install" in done.stderr
    assert "E: dpkg was interrupted" in done.stderr
    assert len((tmp_path / "calls").read_text().splitlines()) == 1
