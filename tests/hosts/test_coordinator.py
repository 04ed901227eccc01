"""The coordinator: headscale, with its user, its keys and its database."""

from __future__ import annotations

from cluster.model import Host
from tests.hosts.roles import Machine, each


def is_asked(host: Host) -> bool:
    return host.is_coordinator


# Path, mode, owner, group: what the deploy writes, and what headscale writes itself.
FILES = (
    ("/etc/headscale/config.yaml", 0o644, "root", "root"),
    ("/etc/headscale/derp.yaml", 0o644, "root", "root"),
    ("/etc/headscale/policy.hujson", 0o644, "root", "root"),
    ("/var/lib/headscale", 0o750, "headscale", "headscale"),
    ("/var/lib/headscale/db.sqlite", 0o600, "headscale", "headscale"),
    ("/var/lib/headscale/derp_server_private.key", 0o600, "headscale", "headscale"),
    ("/var/lib/headscale/noise_private.key", 0o600, "headscale", "headscale"),
)


def test_headscale_has_the_declared_version(machine: Machine) -> None:
    package = machine.remote.package("headscale")
    assert package.is_installed
    assert package.version == machine.cluster.headscale_version


def test_headscale_runs(machine: Machine) -> None:
    assert machine.remote.service("headscale").is_running


def test_headscale_starts_at_boot(machine: Machine) -> None:
    assert machine.remote.service("headscale").is_enabled


def test_headscale_has_a_user_of_its_own_who_can_t_log_in(machine: Machine) -> None:
    user = machine.remote.user("headscale")
    assert user.exists
    assert user.uid < 1000
    assert (user.group, user.home, user.shell) == ("headscale", "/var/lib/headscale", "/usr/sbin/nologin")


def test_headscale_runs_as_that_user(machine: Machine) -> None:
    assert machine.remote.process.filter(user="headscale", comm="headscale")


@each("file", lambda cluster, host: FILES)
def test_file_has_mode_and_owner(machine: Machine, file: tuple[str, int, str, str]) -> None:
    path, mode, user, group = file
    found = machine.remote.file(path)
    assert (oct(found.mode), found.user, found.group) == (oct(mode), user, group)


def test_control_socket_is_closed_to_others(machine: Machine) -> None:
    found = machine.remote.file("/run/headscale/headscale.sock")
    assert found.is_socket
    assert (oct(found.mode), found.user, found.group) == ("0o770", "headscale", "headscale")


def test_headscale_listens_for_the_gateway_alone(machine: Machine) -> None:
    is_same = machine.cluster.gateway == machine.declared
    address = "127.0.0.1" if is_same else machine.declared.lan_address
    assert machine.remote.socket(f"tcp://{address}:8080").is_listening
    assert not machine.remote.socket("tcp://0.0.0.0:8080").is_listening


def test_stun_is_served(machine: Machine) -> None:
    assert machine.remote.socket("udp://0.0.0.0:3478").is_listening


def test_api_of_headscale_is_for_the_host_alone(machine: Machine) -> None:
    assert not machine.remote.socket("tcp://0.0.0.0:50443").is_listening


def test_configuration_is_understood(machine: Machine) -> None:
    assert machine.remote.run("headscale configtest").succeeded


def test_every_host_is_registered(machine: Machine) -> None:
    listed = machine.remote.check_output("headscale nodes list")
    assert [host.name for host in machine.cluster.hosts if host.name not in listed] == []
