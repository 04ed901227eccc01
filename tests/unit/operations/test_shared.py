"""The operations that every phase is made of: each makes, mends, and leaves alone."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from pyinfra.facts.server import TmpDir

from cluster.observed.files import FileState
from cluster.observed.gpg import Keyring
from cluster.observed.packages import Package
from cluster.observed.systemd import Unit
from cluster.sources import AptSource
from facts.apt import SigningKeys
from facts.dpkg import Packages
from facts.files import States
from facts.machine import Hostname, KernelSettings, Swap, TimeSync
from facts.systemd import State
from operations import apt, files, machine, systemd
from tests.unit.operations.fake_host import commands

FILE = files.File("/etc/thing.conf", "wanted\n")
AS_WANTED = FileState(hashlib.sha256(b"wanted\n").hexdigest(), "644", "root", "root", 0)
RUNNING = Unit(loaded=True, active=True, failed=False, enabled=True, needs_reload=False, outdated=False)
FINGERPRINT = "A" * 40
SOURCE = AptSource("a", "https://a", "https://a", "stable", "main", "https://a/key", FINGERPRINT)


def written(found: FileState | None, file: files.File = FILE, executing: bool = True) -> list[str]:
    return commands(files.write, {States: {file.path: found}}, executing=executing, files=[file])


def test_a_file_is_written_when_it_is_absent_or_differs() -> None:
    assert written(None) == ["sh -s"]
    assert written(FileState("0" * 64, "644", "root", "root", 0)) == ["sh -s"]
    assert written(FileState(AS_WANTED.sha256, "600", "root", "root", 0)) == ["sh -s"]


def test_a_file_as_declared_is_left_alone() -> None:
    assert written(AS_WANTED) == []


def test_unknown_state_fails_the_host_and_writes_nothing() -> None:
    (only,) = commands(files.write, {States: None}, files=[FILE])
    assert only.endswith("exit 1")


def test_content_that_is_not_known_yet_is_a_change_in_the_preview_and_a_failure_in_the_run() -> None:
    unknown = files.File(FILE.path, lambda: None)
    assert written(AS_WANTED, unknown, executing=False) == ["sh -s"]
    (only,) = written(AS_WANTED, unknown)
    assert "is not known" in only


def test_contents_are_no_part_of_the_command() -> None:
    secret = files.File(FILE.path, "the secret", secret=True)
    assert "secret" not in "".join(written(None, secret))


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


def test_a_service_is_restarted_when_a_file_is_newer_than_it() -> None:
    outdated = Unit(**{**RUNNING.to_json(), "outdated": True})  # type: ignore[arg-type]
    assert commands(systemd.service, {State: outdated}, unit="a.service") == ["systemctl restart a.service"]
    assert commands(systemd.service, {State: RUNNING}, unit="a.service") == []


def test_a_stopped_service_is_started_and_enabled() -> None:
    stopped = Unit(loaded=True, active=False, failed=True, enabled=False, needs_reload=False, outdated=False)
    found = commands(systemd.service, {State: stopped}, unit="a.service")
    assert found == ["systemctl enable --quiet a.service && systemctl restart a.service"]


def test_a_name_is_given_live_and_for_the_next_boot() -> None:
    assert commands(machine.hostname, {Hostname: {"live": "a", "static": "b"}}, wanted="a") == [
        "hostnamectl set-hostname a"
    ]
    assert commands(machine.hostname, {Hostname: {"live": "a", "static": "a"}}, wanted="a") == []


def test_swap_is_turned_off_now_and_in_fstab() -> None:
    (both,) = commands(machine.no_swap, {Swap: {"active": ["/swapfile"], "fstab": ["/swapfile none swap sw 0 0"]}})
    assert both.startswith("swapoff --all && sed -i")
    assert commands(machine.no_swap, {Swap: {"active": [], "fstab": []}}) == []


def test_a_container_is_not_asked_for_modules_that_it_cannot_load() -> None:
    found = {"module overlay": None, "net.bridge.x": None, "net.ipv4.ip_forward": "0"}
    sysctls = {"net.bridge.x": "1", "net.ipv4.ip_forward": "1"}
    asked = commands(
        machine.kernel_settings, {KernelSettings: found}, modules=["overlay"], sysctls=sysctls, is_container=True
    )
    assert asked == ["sysctl -q -w net.ipv4.ip_forward=1"]
    real = commands(
        machine.kernel_settings, {KernelSettings: found}, modules=["overlay"], sysctls=sysctls, is_container=False
    )
    assert real[0] == "modprobe --all overlay"


def test_any_time_service_will_do() -> None:
    assert commands(machine.time_service, {TimeSync: "chrony.service"}) == []
    assert commands(machine.time_service, {TimeSync: ""})[-1] == "systemctl enable --now systemd-timesyncd.service"
