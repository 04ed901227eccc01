"""Supported platforms, and the exceptions by which the inventory may accept others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from cluster.problems import Problem
from cluster.semver import numbers

if TYPE_CHECKING:
    from cluster.model import Host
    from cluster.releases import Release

ARCHITECTURES = ("amd64", "arm64")
KERNEL_LOWEST = (5, 4)
GLIBC_LOWEST = (2, 31)
# kubeadm's own limit for a control plane.
CONTROL_PLANE_MEMORY_MB = 1700
OLD_RELEASE, CGROUP_V1, CONTAINER, SMALL_MEMORY = "old-release", "cgroup-v1", "container", "small-memory"
REMOVED_PACKAGES, CLOSED_UDP, OTHER_TAILNET, IDLE = "removed-packages", "closed-udp", "other-tailnet", "idle"
SUPPORTED = {"debian": ((11,), (13,)), "ubuntu": ((20, 4), (26, 4))}
SUPPORTED_TEXT = "Debian 11 to 13 and Ubuntu 20.04 to 26.04"


def release(parent: Release | None, name: str, where: str, exceptions: Collection[str]) -> Iterator[Problem]:
    """Refuse unsupported distributions and releases. `parent`: as in `releases.release_of`; `name`: what the host calls itself."""
    if parent is None:
        yield Problem(
            f"{where} release",
            f"the host runs {name}, which is no release of Debian or Ubuntu and names none that it is built from",
            "Docker and tailscale publish packages for releases of Debian and Ubuntu only, under their names",
            f"install a supported release ({SUPPORTED_TEXT}), or remove the host from the inventory",
        )
        return
    lowest, highest = SUPPORTED[parent.distribution]
    if OLD_RELEASE in exceptions or lowest <= numbers(parent.version) <= highest:
        return
    if numbers(parent.version) < lowest:
        reason = (
            "its publisher's support has ended, and kubelet and containerd expect a newer kernel, glibc and systemd"
        )
    else:
        reason = "it is newer than this deploy, and not tested"
    built = f"{parent.distribution.capitalize()} {parent.version}"
    yield Problem(
        f"{where} release",
        f"the host runs {name if built in name else f'{name}, which is built from {built}'}; supported are {SUPPORTED_TEXT}",
        reason,
        f'install a supported release, or accept the risk with exceptions = ("{OLD_RELEASE}",)',
    )


def age(kernel: str, glibc: str, where: str, exceptions: Collection[str]) -> Iterator[Problem]:
    """Refuse a kernel or glibc that is too old, of any release."""
    if OLD_RELEASE in exceptions:
        return
    if numbers(kernel) < KERNEL_LOWEST:
        yield Problem(
            f"{where} kernel",
            f"the host runs Linux {kernel}; the lowest supported is {KERNEL_LOWEST[0]}.{KERNEL_LOWEST[1]}",
            "kubeadm's own check has 5.4 as the oldest kernel on which Kubernetes is validated",
            f'boot the release\'s newest kernel, or accept the risk with exceptions = ("{OLD_RELEASE}",)',
        )
    if numbers(glibc) < GLIBC_LOWEST:
        yield Problem(
            f"{where} glibc",
            f"the host has glibc {glibc}; the lowest supported is {GLIBC_LOWEST[0]}.{GLIBC_LOWEST[1]}",
            "containerd and runc of the supported repositories are linked against a newer one",
            f'install a supported release, or accept the risk with exceptions = ("{OLD_RELEASE}",)',
        )


def architecture(architecture: str, where: str) -> Iterator[Problem]:
    """Refuse processors for which no packages are published."""
    if architecture not in ARCHITECTURES:
        yield Problem(
            f"{where} architecture",
            f"dpkg's architecture is {architecture}; supported are {' and '.join(ARCHITECTURES)}",
            "packages and images are published for these two only",
            "use another machine, or remove the host from the inventory",
        )


def node(cgroup: str, container: str, where: str, exceptions: Collection[str]) -> Iterator[Problem]:
    """Refuse nodes with cgroup v1 or in a container, unless the inventory accepts them."""
    if cgroup == "v1" and CGROUP_V1 not in exceptions:
        yield Problem(
            f"{where} cgroup",
            "the host uses cgroup v1, or a mixture of v1 and v2",
            "kubelet refuses cgroup v1 from Kubernetes 1.35 on",
            "boot with systemd.unified_cgroup_hierarchy=1, or accept v1 as long as kubelet supports it: "
            f'exceptions = ("{CGROUP_V1}",)',
        )
    if container and CONTAINER not in exceptions:
        yield Problem(
            f"{where} container",
            f"the host is a container ({container}), not a machine",
            "kubelet and kube-proxy can't set sysctls in it, and kubeadm's checks fail",
            f'use a virtual machine, or accept these limits: exceptions = ("{CONTAINER}",)',
        )


def runtime(parent: Release, source: str, where: str) -> Iterator[Problem]:
    """Refuse a distribution's containerd that is too old for kubelet."""
    if source == "distribution" and parent.codename == "bullseye":
        yield Problem(
            f"{where} runtime_source",
            "Debian 11's own containerd is 1.4",
            "kubelet uses CRI v1, which containerd has from 1.6 on",
            'write runtime_source = "docker" for this host',
        )


def memory(host: Host, memory_mb: int) -> Iterator[Problem]:
    """Refuse a control plane with too little memory."""
    if host.is_control_plane and memory_mb < CONTROL_PLANE_MEMORY_MB and SMALL_MEMORY not in host.exceptions:
        yield Problem(
            f"{host.name} memory",
            f"the host has {memory_mb} MB; a control plane needs {CONTROL_PLANE_MEMORY_MB} MB",
            "without free memory the kernel kills etcd and the API server, and the cluster stops",
            f'use a larger machine, or accept the risk with exceptions = ("{SMALL_MEMORY}",)',
        )
