"""Every node, control planes and workers: containerd, kubelet, the pods' network, and the kernel settings for them.

A worker has nothing of a control plane.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cluster.model import Cluster, Host
from tests.hosts.roles import Machine, each


def is_asked(host: Host) -> bool:
    return host.is_node


KUBERNETES = ("kubeadm", "kubelet", "kubectl")
UNITS = ("containerd", "kubelet")
MODULES = ("overlay", "br_netfilter")
SYSCTLS = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
# Docker builds no new containerd for these releases: they get the newest there is.
WITHOUT_NEW_CONTAINERD = ("bullseye", "focal")
# Path and mode; all are root's.
FILES = (
    ("/etc/cni/net.d/10-flannel.conflist", 0o644),
    ("/etc/containerd/config.toml", 0o644),
    ("/etc/kubernetes/kubelet.conf", 0o600),
    ("/etc/kubernetes/patches/kubeletconfiguration0+merge.yaml", 0o600),
    ("/etc/kubernetes/pki/ca.crt", 0o644),
    ("/etc/modules-load.d/isthmus.conf", 0o644),
    ("/etc/sysctl.d/99-isthmus.conf", 0o644),
    ("/etc/systemd/system/swap.d/isthmus.conf", 0o644),
    ("/etc/systemd/system/kubelet.service.d/20-isthmus.conf", 0o644),
    ("/etc/apt/sources.list.d/isthmus-kubernetes.list", 0o644),
    ("/etc/apt/keyrings/isthmus-kubernetes.gpg", 0o644),
    ("/opt/cni/bin/bridge", 0o755),
    ("/opt/cni/bin/flannel", 0o755),
    ("/opt/cni/bin/host-local", 0o755),
    ("/opt/cni/bin/loopback", 0o755),
    ("/opt/cni/bin/portmap", 0o755),
    ("/run/flannel/subnet.env", 0o644),
    ("/var/lib/kubelet/config.yaml", 0o644),
    ("/var/lib/kubelet/kubeadm-flags.env", 0o644),
    ("/var/lib/kubelet/pki/kubelet-client-current.pem", 0o600),
)
# Programs of the node that answer the node alone.
LOCAL_PORTS = {"kubelet": 10248, "kube-proxy": 10249, "flanneld": 10280}

OF_A_CONTROL_PLANE = (
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/super-admin.conf",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/pki/ca.key",
    "/etc/kubernetes/pki/sa.key",
    "/var/lib/etcd/member",
)


def runtime(host: Host) -> str:
    return "containerd.io" if host.runtime_source == "docker" else "containerd"


def packages(cluster: Cluster, host: Host) -> Iterable[str]:
    return ("conntrack", "ethtool", runtime(host), *KUBERNETES)


def held(cluster: Cluster, host: Host) -> Iterable[str]:
    """A distribution's containerd gets its security updates."""
    return (*KUBERNETES, *((runtime(host),) if host.runtime_source == "docker" else ()))


def files(cluster: Cluster, host: Host) -> Iterable[tuple[str, int]]:
    yield from FILES
    if host.runtime_source == "docker":
        yield "/etc/apt/sources.list.d/isthmus-docker.list", 0o644
        yield "/etc/apt/keyrings/isthmus-docker.gpg", 0o644
    for registry in host.site.mirrors.registries:
        yield f"/etc/containerd/certs.d/{registry}/hosts.toml", 0o644


def mirrored(cluster: Cluster, host: Host) -> Iterable[str]:
    return host.site.mirrors.registries


def foreign(cluster: Cluster, host: Host) -> Iterable[str]:
    return () if host.is_control_plane else OF_A_CONTROL_PLANE


def other_nodes(cluster: Cluster, host: Host) -> Iterable[str]:
    return (other.name for other in cluster.nodes if other.name != host.name)


@each("package", packages)
def test_package_is_installed(machine: Machine, package: str) -> None:
    assert machine.remote.package(package).is_installed


@each("package", held)
def test_package_is_held(machine: Machine, package: str) -> None:
    assert package in machine.remote.check_output("apt-mark showhold").split()


@each("package", lambda cluster, host: KUBERNETES)
def test_kubernetes_has_the_declared_version(machine: Machine, package: str) -> None:
    version = machine.remote.package(package).version
    assert version.startswith(f"{machine.cluster.kubernetes_version}-")


def test_kubelet_is_the_package_s(machine: Machine) -> None:
    output = machine.remote.check_output("kubelet --version")
    assert output == f"Kubernetes v{machine.cluster.kubernetes_version}"


def test_containerd_has_the_declared_version(machine: Machine) -> None:
    has_no_new = machine.remote.system_info.codename in WITHOUT_NEW_CONTAINERD
    if machine.declared.runtime_source == "docker" and not has_no_new:
        version = machine.remote.package("containerd.io").version
        assert version.startswith(f"{machine.cluster.containerd_version}-")


@each("unit", lambda cluster, host: UNITS)
def test_unit_runs(machine: Machine, unit: str) -> None:
    assert machine.remote.service(unit).is_running


@each("unit", lambda cluster, host: UNITS)
def test_unit_starts_at_boot(machine: Machine, unit: str) -> None:
    assert machine.remote.service(unit).is_enabled


def test_containerd_answers(machine: Machine) -> None:
    assert machine.remote.file("/run/containerd/containerd.sock").is_socket
    assert machine.remote.run("timeout 10 ctr version").succeeded


def test_kubelet_answers_the_api(machine: Machine) -> None:
    assert machine.remote.socket("tcp://0.0.0.0:10250").is_listening


@each("program", lambda cluster, host: LOCAL_PORTS)
def test_program_listens_for_the_node_alone(machine: Machine, program: str) -> None:
    port = LOCAL_PORTS[program]
    assert machine.remote.socket(f"tcp://127.0.0.1:{port}").is_listening
    assert not machine.remote.socket(f"tcp://0.0.0.0:{port}").is_listening


@each("file", files)
def test_file_has_mode_and_owner(machine: Machine, file: tuple[str, int]) -> None:
    path, mode = file
    found = machine.remote.file(path)
    assert (oct(found.mode), found.user, found.group) == (oct(mode), "root", "root")


@each("path", foreign)
def test_worker_has_nothing_of_a_control_plane(machine: Machine, path: str) -> None:
    assert not machine.remote.file(path).exists


def test_cluster_is_trusted_by_the_same_authority(machine: Machine) -> None:
    first = machine.others[machine.cluster.control_planes[0].name]
    path = "/etc/kubernetes/pki/ca.crt"
    assert machine.remote.file(path).sha256sum == first.remote.file(path).sha256sum


@each("module", lambda cluster, host: MODULES)
def test_module_is_loaded(machine: Machine, module: str) -> None:
    kept = machine.remote.file("/etc/modules-load.d/isthmus.conf").content_string
    assert module in kept.splitlines()
    assert machine.is_container or machine.remote.file(f"/sys/module/{module}").is_directory


@each("key", lambda cluster, host: SYSCTLS)
def test_bridged_packets_pass_iptables(machine: Machine, key: str) -> None:
    kept = machine.remote.file("/etc/sysctl.d/99-isthmus.conf").content_string
    assert f"{key} = 1" in kept.splitlines()
    shown = machine.remote.file(f"/proc/sys/{key.replace('.', '/')}")
    assert (machine.is_container and not shown.exists) or machine.remote.sysctl(key) == 1


def test_swap_is_off_for_the_next_boot_too(machine: Machine) -> None:
    assert machine.remote.file("/proc/swaps").content_string.splitlines()[1:] == []
    fstab = machine.remote.file("/etc/fstab")
    lines = [line.split() for line in fstab.content_string.splitlines()] if fstab.exists else []
    assert [line for line in lines if line[2:3] == ["swap"] and not line[0].startswith("#")] == []


def test_cgroups_are_of_the_second_version_or_excepted(machine: Machine) -> None:
    mount = machine.remote.mount_point("/sys/fs/cgroup")
    assert mount.exists
    assert mount.filesystem == "cgroup2" or "cgroup-v1" in machine.declared.exceptions


def test_kubelet_and_containerd_leave_cgroups_to_systemd(machine: Machine) -> None:
    assert machine.remote.file("/var/lib/kubelet/config.yaml").contains("^cgroupDriver: systemd$")
    assert machine.remote.file("/etc/containerd/config.toml").contains("SystemdCgroup = true")


def test_kubelet_registers_the_tailnet_address(machine: Machine) -> None:
    flags = machine.remote.file("/var/lib/kubelet/kubeadm-flags.env").content_string
    assert re.findall(r"--node-ip=([0-9.]+)", flags) == [machine.tailnet_address]


def test_kubelet_asks_the_api_by_its_name(machine: Machine) -> None:
    """That of a control plane asks its own API server (kubernetes.io, kubeadm's ControlPlaneKubeletLocalMode)."""
    cluster = machine.cluster
    names = {cluster.api_endpoint_name, *([machine.tailnet_address] if machine.declared.is_control_plane else [])}
    kubeconfig = machine.remote.file("/etc/kubernetes/kubelet.conf").content_string
    (server,) = re.findall(r"^ +server: (\S+)$", kubeconfig, re.M)
    assert server in {f"https://{name}:{cluster.api_port}" for name in names}


def test_pods_are_given_a_resolver_that_they_reach(machine: Machine) -> None:
    """A stub on the node's loopback would be the pod's own (kubernetes.io, "Debugging DNS Resolution")."""
    settings = machine.remote.file("/var/lib/kubelet/config.yaml").content_string
    (path,) = re.findall(r"^resolvConf: (\S+)$", settings, re.M)
    servers = re.findall(r"^nameserver (\S+)", machine.remote.file(path).content_string, re.M)
    assert servers
    assert [server for server in servers if server.startswith("127.")] == []


@each("registry", mirrored)
def test_registry_is_asked_by_way_of_the_site_s_mirrors(machine: Machine, registry: str) -> None:
    text = machine.remote.file(f"/etc/containerd/certs.d/{registry}/hosts.toml").content_string
    for mirror in machine.declared.site.mirrors.registries[registry]:
        assert f'[host."{mirror}"]' in text


def subnet(machine: Machine) -> str:
    """The network of the node's pods, as flannel keeps it."""
    kept = machine.remote.file("/run/flannel/subnet.env").content_string
    return str(re.findall(r"^FLANNEL_SUBNET=(\S+)/\d+$", kept, re.M)[0])


def test_pods_have_a_network_of_the_cluster_s(machine: Machine) -> None:
    kept = machine.remote.file("/run/flannel/subnet.env").content_string
    assert f"FLANNEL_NETWORK={machine.cluster.pod_cidr}" in kept.splitlines()


@each("other", other_nodes)
def test_pods_of_another_node_are_reached_as_declared(machine: Machine, other: str) -> None:
    link = "tailscale0" if machine.cluster.pod_network == "routed" else "flannel.1"
    assert machine.routed(subnet(machine.others[other])) == link


def test_link_of_vxlan_is_there_only_if_declared(machine: Machine) -> None:
    is_vxlan = machine.cluster.pod_network == "vxlan"
    assert machine.remote.interface("flannel.1").exists == is_vxlan
