"""After `tasks/reset.py`: nothing of the cluster or the tailnet is left on any host; what others have there is not looked at."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.model import Cluster, Host
from tests.hosts.roles import Machine, each


def is_asked(host: Host) -> bool:
    return True


PACKAGES = ("cri-tools", "headscale", "kubeadm", "kubectl", "kubelet", "kubernetes-cni", "tailscale")
UNITS = ("headscale", "isthmus-host-rules", "isthmus-names", "isthmus-network", "kubelet", "tailscaled")
PROGRAMS = (
    "etcd",
    "flanneld",
    "headscale",
    "kube-apiserver",
    "kube-controller",
    "kube-proxy",
    "kube-scheduler",
    "kubelet",
    "tailscaled",
)
PATHS = (
    "/etc/cni/net.d/10-flannel.conflist",
    "/etc/default/tailscaled",
    "/etc/headscale",
    "/etc/kubernetes",
    "/etc/systemd/system/swap.d",
    "/opt/cni/bin/flannel",
    "/run/flannel",
    "/usr/bin/headscale",
    "/usr/bin/kubelet",
    "/usr/local/lib/isthmus",
    "/usr/sbin/tailscaled",
    "/var/lib/cni/flannel",
    "/var/lib/cni/networks/cbr0",
    "/var/lib/etcd/member",
    "/var/lib/headscale",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/pki",
    "/var/lib/tailscale",
)
LINKS = ("cni0", "flannel.1", "tailscale0")
# Folders of others that may have the word in a path: logs, and what dpkg knows of the past.
ELSEWHERE = ("/proc", "/sys", "/var/log", "/var/lib/dpkg")
# What kube-proxy, kubelet, flannel, tailscale and the deploy call their chains, sets and comments.
IN_FILTERS = ("KUBE-", "FLANNEL-", "CNI-", "ts-input", "ts-forward", "ts-postrouting", "isthmus")
TABLES = ("inet isthmus_mss", "ip kube-proxy", "ip6 kube-proxy")


def ports(cluster: Cluster, host: Host) -> Iterable[str]:
    return (
        "udp://0.0.0.0:41641",
        "udp://0.0.0.0:3478",
        "tcp://0.0.0.0:10250",
        "tcp://127.0.0.1:2379",
        f"tcp://0.0.0.0:{cluster.api_port}",
        f"tcp://{host.lan_address}:8080",
    )


def kept_files(cluster: Cluster, host: Host) -> Iterable[str]:
    return ("/etc/hosts", "/etc/fstab", "/etc/iptables/rules.v4")


@each("package", lambda cluster, host: PACKAGES)
def test_package_is_gone(machine: Machine, package: str) -> None:
    assert not machine.remote.package(package).is_installed


def test_no_package_is_held(machine: Machine) -> None:
    kept = {"containerd", "containerd.io", *PACKAGES} & set(machine.remote.check_output("apt-mark showhold").split())
    assert kept == set()


@each("unit", lambda cluster, host: UNITS)
def test_unit_is_gone(machine: Machine, unit: str) -> None:
    assert not machine.remote.service(f"{unit}.service").exists
    assert not machine.remote.service(f"{unit}.service").is_running


@each("program", lambda cluster, host: PROGRAMS)
def test_program_has_ended(machine: Machine, program: str) -> None:
    assert machine.remote.process.filter(comm=program) == []


@each("path", lambda cluster, host: PATHS)
def test_path_is_gone(machine: Machine, path: str) -> None:
    assert not machine.remote.file(path).exists


def test_no_file_has_the_name_of_the_deploy(machine: Machine) -> None:
    pruned = " -o ".join(f"-path {path}" for path in ELSEWHERE)
    # `isthmus-lab.*`: a rehearsal's own certificate authority.
    search = f"find / -xdev \\( {pruned} \\) -prune -o -iname '*isthmus*' ! -name 'isthmus-lab.*' -print"
    assert machine.remote.check_output(search) == ""


@each("path", kept_files)
def test_file_of_the_host_has_no_line_of_the_deploy(machine: Machine, path: str) -> None:
    file = machine.remote.file(path)
    assert not file.exists or "isthmus" not in file.content_string


@each("link", lambda cluster, host: LINKS)
def test_link_is_gone(machine: Machine, link: str) -> None:
    assert not machine.remote.interface(link).exists


def test_no_routing_rule_is_left(machine: Machine) -> None:
    """2500 is the deploy's, 5210 to 5270 are tailscale's."""
    rules = machine.remote.check_output("ip -4 rule show").splitlines()
    assert [rule for rule in rules if rule.startswith(("2500:", "5210:", "5230:", "5250:", "5270:"))] == []


def test_no_route_is_left(machine: Machine) -> None:
    assert "tailscale0" not in machine.remote.check_output("ip -4 route show table all")


@each("word", lambda cluster, host: IN_FILTERS)
def test_nothing_is_left_in_the_packet_filters(machine: Machine, word: str) -> None:
    saved = machine.remote.check_output(
        "for t in iptables-nft iptables-legacy; do command -v $t-save > /dev/null && $t-save 2>/dev/null; done; true"
    )
    assert [line for line in saved.splitlines() if word in line] == []


@each("table", lambda cluster, host: TABLES)
def test_table_is_gone(machine: Machine, table: str) -> None:
    assert f"table {table}" not in machine.remote.check_output("nft list tables").splitlines()


@each("socket", ports)
def test_nobody_listens(machine: Machine, socket: str) -> None:
    assert not machine.remote.socket(socket).is_listening


def test_user_of_headscale_is_gone(machine: Machine) -> None:
    assert not machine.remote.user("headscale").exists


def test_containerd_is_without_our_configuration(machine: Machine) -> None:
    assert not machine.remote.file("/etc/containerd/config.toml").exists


def test_other_hosts_have_no_name_here(machine: Machine) -> None:
    """A name may be a real DNS name; what it must not be is an address of the tailnet."""
    kept = machine.remote.file("/etc/hosts").content_string
    named = {word for line in kept.splitlines() for word in line.partition("#")[0].split()[1:]}
    others = {host.name for host in machine.cluster.hosts if host != machine.declared}
    assert others & named == set()
