"""The gateway: nginx with the coordination server's certificate and, with several control planes, the API's calls."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cluster.model import Cluster, Host
from tests.hosts.roles import Machine, each


def is_asked(host: Host) -> bool:
    return host.is_gateway


SITE = "/etc/nginx/conf.d/isthmus.conf"
API = "/etc/nginx/modules-enabled/90-isthmus-api.conf"


def is_passing_calls_on(cluster: Cluster) -> bool:
    return len(cluster.control_planes) > 1 and not cluster.gateway.is_control_plane


def packages(cluster: Cluster, host: Host) -> Iterable[str]:
    yield "nginx"
    if is_passing_calls_on(cluster):
        yield "libnginx-mod-stream"


def files(cluster: Cluster, host: Host) -> Iterable[str]:
    yield SITE
    if is_passing_calls_on(cluster):
        yield from (API, "/etc/sysctl.d/99-isthmus-api.conf")


def only_with_several_control_planes(cluster: Cluster, host: Host) -> Iterable[int]:
    return (cluster.api_port,) if is_passing_calls_on(cluster) else ()


def named_in(machine: Machine, directive: str) -> str:
    """The file that a directive of nginx's configuration names."""
    found = re.search(rf"^\s*{directive} (\S+);", machine.remote.file(SITE).content_string, re.M)
    assert found, f"{SITE} has no {directive}"
    return found[1]


@each("package", packages)
def test_package_is_installed(machine: Machine, package: str) -> None:
    assert machine.remote.package(package).is_installed


def test_nginx_runs(machine: Machine) -> None:
    assert machine.remote.service("nginx").is_running


def test_nginx_starts_at_boot(machine: Machine) -> None:
    assert machine.remote.service("nginx").is_enabled


@each("port", lambda cluster, host: (80, cluster.coordination_port))
def test_nginx_listens(machine: Machine, port: int) -> None:
    assert machine.remote.socket(f"tcp://0.0.0.0:{port}").is_listening


@each("path", files)
def test_file_has_mode_and_owner(machine: Machine, path: str) -> None:
    found = machine.remote.file(path)
    assert (oct(found.mode), found.user, found.group) == ("0o644", "root", "root")


def test_configuration_is_understood(machine: Machine) -> None:
    assert machine.remote.run("nginx -t -q").succeeded


def test_private_key_is_for_root_alone(machine: Machine) -> None:
    key = machine.remote.file(named_in(machine, "ssl_certificate_key"))
    assert (oct(key.mode), key.user, key.group) == ("0o600", "root", "root")


def test_certificate_names_the_coordination_server_and_does_not_end_within_a_week(machine: Machine) -> None:
    path = named_in(machine, "ssl_certificate")
    assert machine.remote.run("openssl x509 -noout -checkend 604800 -in %s", path).succeeded
    checked = machine.remote.check_output(
        "openssl x509 -noout -checkhost %s -in %s", machine.cluster.coordination_name, path
    )
    assert "does match" in checked


def test_headscale_is_passed_on_to_the_coordinator(machine: Machine) -> None:
    coordinator = machine.cluster.coordinator
    address = "127.0.0.1" if coordinator == machine.declared else coordinator.lan_address
    assert f"proxy_pass http://{address}:8080;" in machine.remote.file(SITE).content_string


@each("port", only_with_several_control_planes)
def test_api_is_passed_on_at_the_tailnet_address_alone(machine: Machine, port: int) -> None:
    assert machine.remote.socket(f"tcp://{machine.tailnet_address}:{port}").is_listening
    assert not machine.remote.socket(f"tcp://0.0.0.0:{port}").is_listening


@each("port", only_with_several_control_planes)
def test_nginx_may_listen_before_the_tailnet_is_there(machine: Machine, port: int) -> None:
    assert machine.remote.sysctl("net.ipv4.ip_nonlocal_bind") == 1


@each("port", only_with_several_control_planes)
def test_calls_go_to_every_control_plane(machine: Machine, port: int) -> None:
    passed_on = set(re.findall(r"^\s*server (\S+):\d+ ", machine.remote.file(API).content_string, re.M))
    assert passed_on == {machine.others[host.name].tailnet_address for host in machine.cluster.control_planes}
