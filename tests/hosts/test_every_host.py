"""Every host: a machine of the tailnet that keeps its own LAN, routes for the others, and knows them by name."""

from __future__ import annotations

import json
from collections.abc import Iterable

from cluster.model import Cluster, Host
from tests.hosts.roles import Machine, each, is_in


def is_asked(host: Host) -> bool:
    return True


PACKAGES = ("ca-certificates", "curl", "gpg", "iptables", "nftables", "tailscale")
UNITS = ("tailscaled.service", "isthmus-network.service", "isthmus-names.service")
# Path, mode, owner, group.
FILES = (
    ("/etc/apt/apt.conf.d/90isthmus", 0o644, "root", "root"),
    ("/etc/cloud/cloud.cfg.d/99-isthmus.cfg", 0o644, "root", "root"),
    ("/etc/default/tailscaled", 0o644, "root", "root"),
    ("/etc/sysctl.d/99-isthmus-network.conf", 0o644, "root", "root"),
    ("/etc/systemd/networkd.conf.d/isthmus.conf", 0o644, "root", "root"),
    ("/etc/systemd/system/isthmus-names.service", 0o644, "root", "root"),
    ("/etc/systemd/system/isthmus-network.service", 0o644, "root", "root"),
    ("/etc/systemd/system/tailscaled.service.d/20-isthmus.conf", 0o644, "root", "root"),
    ("/usr/local/lib/isthmus/hosts", 0o644, "root", "root"),
    ("/usr/local/lib/isthmus/network", 0o755, "root", "root"),
    ("/usr/local/lib/isthmus/restore-names", 0o755, "root", "root"),
    ("/var/lib/tailscale/tailscaled.state", 0o600, "root", "root"),
)
# Keys by which a machine joins, and what kubeadm is given, go with the run that needed them.
LEFT_BEHIND = ("/run/isthmus-tailnet.key", "/run/isthmus-tailnet.log")
ORACLES_OWN = "/usr/local/lib/isthmus/host-rules"


def files(cluster: Cluster, host: Host) -> Iterable[tuple[str, int, str, str]]:
    yield from FILES
    if host.site.mirrors.tailscale != "push":
        yield "/etc/apt/sources.list.d/isthmus-tailscale.list", 0o644, "root", "root"
        yield "/etc/apt/keyrings/isthmus-tailscale.gpg", 0o644, "root", "root"
    if host.site.image == "oracle":
        yield ORACLES_OWN, 0o755, "root", "root"
        yield "/etc/systemd/system/isthmus-host-rules.service", 0o644, "root", "root"


def units(cluster: Cluster, host: Host) -> Iterable[str]:
    yield from UNITS
    if host.site.image == "oracle":
        yield "isthmus-host-rules.service"


def others(cluster: Cluster, host: Host) -> Iterable[str]:
    return (other.name for other in cluster.hosts if other.name != host.name)


def neighbours(cluster: Cluster, host: Host) -> Iterable[str]:
    return (other.name for other in cluster.hosts_of(host.site) if other.name != host.name)


def far(cluster: Cluster, host: Host) -> Iterable[str]:
    """Hosts of other sites whose LAN address means one host everywhere."""
    known = cluster.advertised_lan_addresses
    return (other.name for other in cluster.hosts if other.name in known and other.site != host.site)


def test_it_has_its_name(machine: Machine) -> None:
    assert machine.remote.check_output("uname -n") == machine.declared.name
    assert machine.remote.file("/etc/hostname").content_string.strip() == machine.declared.name


@each("package", lambda cluster, host: PACKAGES)
def test_package_is_installed(machine: Machine, package: str) -> None:
    assert machine.remote.package(package).is_installed


def test_tailscale_has_the_declared_version(machine: Machine) -> None:
    assert machine.remote.package("tailscale").version == machine.cluster.tailscale_version


@each("unit", units)
def test_unit_runs(machine: Machine, unit: str) -> None:
    assert machine.remote.service(unit).is_running


@each("unit", units)
def test_unit_starts_at_boot(machine: Machine, unit: str) -> None:
    assert machine.remote.service(unit).is_enabled


@each("file", files)
def test_file_has_mode_and_owner(machine: Machine, file: tuple[str, int, str, str]) -> None:
    path, mode, user, group = file
    found = machine.remote.file(path)
    assert (oct(found.mode), found.user, found.group) == (oct(mode), user, group)


@each("path", lambda cluster, host: LEFT_BEHIND)
def test_nothing_secret_is_left_behind(machine: Machine, path: str) -> None:
    assert not machine.remote.file(path).exists


def test_forwarding_is_on_for_the_next_boot_too(machine: Machine) -> None:
    kept = machine.remote.file("/etc/sysctl.d/99-isthmus-network.conf")
    assert kept.content_string == "net.ipv4.ip_forward = 1\n"
    assert machine.remote.sysctl("net.ipv4.ip_forward") == 1


def test_tailscaled_is_called_at_its_port(machine: Machine) -> None:
    assert machine.remote.socket("udp://0.0.0.0:41641").is_listening


def test_tailscaled_answers_its_own_programs(machine: Machine) -> None:
    assert machine.remote.file("/run/tailscale/tailscaled.sock").is_socket
    assert json.loads(machine.remote.check_output("tailscale status --json"))["BackendState"] == "Running"


def test_tunnel_has_an_address_of_the_tailnet_and_its_mtu(machine: Machine) -> None:
    link = machine.remote.interface("tailscale0")
    assert machine.tailnet_address in link.addresses
    assert machine.remote.file("/sys/class/net/tailscale0/mtu").content_string.strip() == str(
        machine.cluster.tailnet_mtu
    )


def test_tunnel_can_be_made(machine: Machine) -> None:
    assert machine.remote.run("test -c /dev/net/tun").succeeded


def test_segments_are_made_to_fit_the_tunnel(machine: Machine) -> None:
    rules = machine.remote.check_output("nft list table inet isthmus_mss")
    assert 'oifname "tailscale0"' in rules
    assert 'iifname "tailscale0"' in rules


def test_own_networks_are_looked_for_in_the_main_table_first(machine: Machine) -> None:
    rules = machine.remote.check_output("ip -4 rule show").splitlines()
    ours = {line.split()[4] for line in rules if line.startswith("2500:")}
    declared = machine.declared
    assert ours == {str(network) for network in (declared.site.lan, *declared.lan_routes)}


@each("neighbour", neighbours)
def test_neighbour_is_reached_without_the_tunnel(machine: Machine, neighbour: str) -> None:
    assert machine.routed(str(machine.cluster.host(neighbour).lan_address)) != "tailscale0"


@each("other", far)
def test_lan_address_of_another_site_is_reached_by_the_tunnel(machine: Machine, other: str) -> None:
    assert machine.routed(str(machine.cluster.host(other).lan_address)) == "tailscale0"


def test_own_name_leads_to_its_tailnet_address(machine: Machine) -> None:
    found = machine.remote.addr(machine.declared.name).ipv4_addresses
    assert any(is_in(machine.cluster.tailnet_cidr, address) for address in found)


@each("other", others)
def test_name_of_another_leads_to_its_tailnet_address(machine: Machine, other: str) -> None:
    found = machine.remote.addr(other).ipv4_addresses
    assert found == [machine.others[other].tailnet_address]


def test_name_of_the_api_leads_to_who_answers(machine: Machine) -> None:
    cluster, declared = machine.cluster, machine.declared
    first, *more = cluster.control_planes
    asked = declared if declared.is_control_plane else cluster.gateway if more else first
    found = machine.remote.addr(cluster.api_endpoint_name).ipv4_addresses
    assert found == [machine.others[asked.name].tailnet_address]


def test_name_of_the_coordination_server_leads_to_the_gateway(machine: Machine) -> None:
    gateway = machine.cluster.gateway
    found = set(machine.remote.addr(machine.cluster.coordination_name).ipv4_addresses)
    assert found
    assert found <= {str(address) for address in (gateway.lan_address, gateway.public_address) if address}


def test_clock_is_kept(machine: Machine) -> None:
    services = ("chrony", "systemd-timesyncd", "ntpsec", "ntp", "openntpd", "ntpd-rs")
    # A container's clock is its host's.
    assert machine.is_container or any(machine.remote.service(name).is_running for name in services)


def test_disk_has_room(machine: Machine) -> None:
    """kubelet ends pods where a tenth is left, or less (kubernetes.io, "Node-pressure Eviction")."""
    used = machine.remote.check_output("df --output=pcent /var").splitlines()[-1]
    assert int(used.strip().removesuffix("%")) < 90


@each("chain", lambda cluster, host: ("INPUT", "FORWARD"))
def test_tailnet_is_let_in_before_anything_is_refused(machine: Machine, chain: str) -> None:
    rules = machine.remote.iptables.rules(chain=chain)
    ends = (f"-A {chain} -j REJECT", f"-A {chain} -j DROP")
    refusing = [at for at, rule in enumerate(rules) if rule.startswith(ends)]
    if refusing or f"-P {chain} DROP" in rules:
        ours = [at for at, rule in enumerate(rules) if "-i tailscale0" in rule and rule.endswith("-j ACCEPT")]
        assert ours
        assert ours[0] < min(refusing, default=len(rules))
