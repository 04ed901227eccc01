"""Host name, kernel settings and time: each set live and for the next boot."""

from __future__ import annotations

from cluster.observed.machine import TimeServices
from facts.files import Whole
from facts.machine import Hostname, KernelSettings, TimeSync
from operations import machine
from tests.unit.operations.fake_host import commands


def test_a_name_is_given_live_and_for_the_next_boot() -> None:
    assert commands(machine.hostname, {Hostname: {"live": "a", "static": "b"}}, wanted="a") == [
        "hostnamectl set-hostname a"
    ]
    assert commands(machine.hostname, {Hostname: {"live": "a", "static": "a"}}, wanted="a") == []


def test_the_hosts_own_name_resolves_before_it_gets_it() -> None:
    """sudo prints `unable to resolve host` otherwise, and waits for a name server."""
    other = {Hostname: {"live": "b", "static": "b"}, Whole: "127.0.1.1 b\n"}
    assert commands(machine.hostname, other, wanted="a", address="10.0.0.1") == ["sh -s", "hostnamectl set-hostname a"]
    known = {**other, Whole: "127.0.1.1 b\n10.0.0.1 x a # mine\n"}
    assert commands(machine.hostname, known, wanted="a", address="10.0.0.1") == ["hostnamectl set-hostname a"]
    named = {Hostname: {"live": "a", "static": "a"}}
    assert commands(machine.hostname, named, wanted="a", address="10.0.0.1") == []


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


def clock(found: TimeServices | None) -> list[str]:
    return commands(machine.time_service, {TimeSync: found})


def test_any_time_service_will_do() -> None:
    assert clock(TimeServices("openntpd.service", ("systemd-timesyncd.service",))) == []
    assert clock(TimeServices("container")) == []


def test_a_time_service_that_is_installed_is_started_and_none_is_put_in_its_place() -> None:
    assert clock(TimeServices("", ("chrony.service",))) == ["systemctl enable --now chrony.service"]
    (refused,) = clock(TimeServices("", (), ("systemd-timesyncd.service",)))
    assert "run `systemctl unmask systemd-timesyncd.service`" in refused


def test_a_machine_without_package_lists_gets_them_before_its_time_service() -> None:
    (one,) = clock(TimeServices(""))
    update, install, start = one.split(" && ")
    assert update.endswith(" update")
    assert install.endswith(" install --no-install-recommends systemd-timesyncd")
    assert start == "systemctl enable --now systemd-timesyncd.service"
