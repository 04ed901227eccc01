"""What a host's kernel must have before the first change, and how each kind of image gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster import releases
from cluster.model import Cluster, Host
from cluster.observed.kernel import LOCK, Kernel
from cluster.observed.survey import Survey
from cluster.problems import Problem

NEEDED_BY = {
    "overlay": "containerd stacks the layers of images with it",
    "br_netfilter": "the packets of pods pass the packet filter by it",
    "nf_tables": "the deploy and kube-proxy set packet filter rules with it",
    "veth": "every pod is connected by it",
    "vxlan": 'pod_network = "vxlan" needs it',
}
# 6.1.0-25-arm64, 6.12.43+deb13-cloud-amd64.
_DEBIANS = re.compile(r"^\d[\d.]*(-\d+|\+deb\d+(u\d+)?)(-cloud|-rt)?-(amd64|arm64)$")
# Raspberry Pi OS and its kernel know the first word, Debian's and Ubuntu's the second one.
_WORDS = "cgroup_memory=1 cgroup_enable=memory"
# File (or its end) with the kernel's command line → the command that switches a controller on.
_BOOT_FILES = {
    "/cmdline.txt": "sudo sed -i '1 s/ *cgroup_disable=[^ ]*//g; 1 s/$/ {words}/' {file}",
    "Env.txt": "sudo sh -c 'grep -q ^extraargs= {file} || echo extraargs= >> {file}; "
    'sed -i "/^extraargs=/ s/ *cgroup_disable=[^ ]*//g; /^extraargs=/ s/$/ {words}/" {file}\'',
    "/extlinux.conf": "sudo sed -i -E '/^[[:space:]]*append[[:space:]]/ s/ *cgroup_disable=[^ ]*//g; "
    "/^[[:space:]]*append[[:space:]]/ s/$/ {words}/' {file}",
    "/etc/default/grub": 'sudo sh -c \'sed -i "s/cgroup_disable=[^ \\"]*//g" {file} $(ls {file}.d/*.cfg 2>/dev/null); mkdir -p {file}.d; '
    'echo "GRUB_CMDLINE_LINUX=\\"\\$GRUB_CMDLINE_LINUX {words}\\"" > {file}.d/zz-cgroup.cfg\' && sudo update-grub',
    "/etc/kernel/cmdline": "sudo sed -i '1 s/ *cgroup_disable=[^ ]*//g; 1 s/$/ {words}/' {file} "
    "&& sudo kernel-install add $(uname -r) /boot/vmlinuz-$(uname -r)",
}


def modules(cluster: Cluster, host: Host) -> tuple[str, ...]:
    """The kernel modules that `host` needs. tailscale brings WireGuard along, and /dev/net/tun is looked at by itself."""
    if not host.is_node:
        return ("nf_tables",)
    return ("nf_tables", "overlay", "br_netfilter", "veth", *(["vxlan"] if cluster.pod_network == "vxlan" else []))


def problems(host: Host, survey: Survey, found: Kernel) -> list[Problem]:
    """All problems of the kernel, its devices and its mounts, from which `host` suffers."""
    checks = [_modules, _mounts, *([_controllers, _kmsg] if host.is_node else [])]
    return [problem for check in checks for problem in check(host, survey, found)]


def _modules(host: Host, survey: Survey, found: Kernel) -> Iterator[Problem]:
    if gone := [name for name, state in found.modules.items() if state == "gone" and not survey.container]:
        yield Problem(
            f"{host.name} kernel",
            f"the modules of the running Linux {survey.kernel} are not on its disk, {', '.join(gone)} among them",
            "another kernel was installed after the boot, and a module can't be loaded before the next one",
            "sudo reboot",
        )
    for name, state in found.modules.items():
        where, why = f"{host.name} kernel module {name}", NEEDED_BY[name]
        if state == "missing":
            yield Problem(where, f"Linux {survey.kernel} has no module {name}", why, _other_kernel(name, survey))
        elif state == "forbidden" and not survey.container:
            by = found.forbidden_by[name]
            yield Problem(where, f"{by} forbids to load {name}", why, _permit(name, by))


def _other_kernel(name: str, survey: Survey) -> str:
    if survey.container:
        return f"use a machine whose kernel has {name}"
    routed = ', or write pod_network = "routed" in group_data/all.py' if name == "vxlan" else ""
    parent = releases.release_of(survey)
    if parent and parent.distribution == "ubuntu":
        return f"sudo apt-get update && sudo apt-get install linux-modules-extra-{survey.kernel}{routed}"
    package = _package(survey)
    again = f"sudo apt-get update && sudo apt-get install --reinstall {package} && sudo reboot"
    if package:
        return f"{again}{routed}"
    return f"boot a kernel that was built with {name}: the board's newest one{routed}, or use another machine"


def _package(survey: Survey) -> str:
    """The package of a kernel with the module: Raspberry Pi OS's or Debian's own; empty for a board's kernel, in whose place Debian's may not boot."""
    if "-rpi" in survey.kernel:
        return f"linux-image-{survey.kernel}"
    if re.search(r"-v[78]l?\+", survey.kernel):
        return "raspberrypi-kernel"
    return f"linux-image-{survey.architecture}" if _DEBIANS.search(survey.kernel) else ""


def _permit(name: str, by: str) -> str:
    if by == LOCK:
        return f"echo {name} | sudo tee /etc/modules-load.d/{name}.conf && sudo reboot"
    files = by if by.endswith(".conf") else f"{by}/*.conf"
    return f"sudo sed -i -E '/^[[:space:]]*install[[:space:]]+{name}[[:space:]]/d' {files}"


def _controllers(host: Host, survey: Survey, found: Kernel) -> Iterator[Problem]:
    why = "kubelet does not start without it, and kubeadm refuses the node after everything is installed"
    if found.off:
        names = ", ".join(found.off)
        yield Problem(
            f"{host.name} {found.off[0]} cgroup",
            f"the kernel's cgroup controller {names} is off since its boot",
            why,
            "switch it on at the machine of this container" if survey.container else _switch_on(found),
        )
    if found.lacking:
        names = ", ".join(found.lacking)
        yield Problem(
            f"{host.name} {found.lacking[0]} cgroup",
            f"this host has no cgroup controller {names}",
            why,
            f"delegate it to the container: {names}"
            if survey.container
            else f"boot a kernel that was built with it: {names}",
        )


def _switch_on(found: Kernel) -> str:
    words = " ".join(
        [_WORDS if "memory" in found.off else "", *(f"cgroup_enable={name}" for name in found.off if name != "memory")]
    ).strip()
    for file in found.boot_files:
        command = next((command for end, command in _BOOT_FILES.items() if file.endswith(end)), None)
        if command:
            return f"{command.format(file=file, words=words)} && sudo reboot"
    return f"take cgroup_disable off the kernel's command line where its boot loader keeps it, add {words}, and reboot"


def _kmsg(host: Host, survey: Survey, found: Kernel) -> Iterator[Problem]:
    if not found.has_kmsg:
        yield Problem(
            f"{host.name} /dev/kmsg",
            "/dev/kmsg is missing, or can't be read",
            "kubelet reads the kernel's messages there, and does not start without it",
            "give the container the device: `lxc.mount.entry = /dev/kmsg dev/kmsg none bind,create=file` in its configuration (LXC, Proxmox), "
            "or `lxc config device add NAME kmsg unix-char source=/dev/kmsg path=/dev/kmsg` (LXD)"
            if survey.container
            else "sudo mknod -m 600 /dev/kmsg c 1 11",
        )


def _mounts(host: Host, survey: Survey, found: Kernel) -> Iterator[Problem]:
    is_installed = set(found.installed) >= {"tailscaled", *(["kubelet"] if host.is_node else [])}
    for path in found.read_only:
        # Only packages write to /boot.
        if path.startswith("/boot") and is_installed:
            continue
        yield Problem(
            f"{host.name} {path}",
            f"{path} is mounted read-only",
            "packages and settings can't be written there",
            f"sudo mount -o remount,rw {path}; if that fails, `sudo dmesg` names the disk's error",
        )
    if found.overlay_root and not survey.container:
        is_raspi = found.overlay_root == "boot=overlay"
        yield Problem(
            f"{host.name} /",
            f"/ is kept in memory ({found.overlay_root} on the kernel's command line)",
            "everything that the deploy writes is gone after the next boot",
            "sudo raspi-config nonint disable_overlayfs && sudo reboot"
            if is_raspi
            else "sudo overlayroot-chroot sed -i 's/^overlayroot=.*/overlayroot=\"disabled\"/' /etc/overlayroot.conf && sudo reboot",
        )
