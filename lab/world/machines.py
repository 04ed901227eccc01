"""Hosts as virtual machines: QEMU with Debian's own kernel, power on and off, a way in. hosts.py calls these by the host's kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from lab.world import accelerator, machine_disk
from lab.world.network import CARD
from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan
from lab.world.state import PROJECT, Run

SLOWNESS = {True: 1, False: 5}  # with KVM, emulated
USUAL = {True: "half a minute", False: "one to three minutes"}
MEMORY_MB = {True: 2048, False: 1024}  # of a control plane, of others, if none is declared
PATIENCE = "systemd.default_timeout_start_sec=600"  # where a service's start takes ten times as long
KERNEL_WORDS = {"no-memory-cgroup": "cgroup_disable=memory", "no-vxlan": "module_blacklist=vxlan"}
PANIC = "Kernel panic"


def create(lab: Run, world: WorldPlan, host: HostPlan, overlay: Overlay, ssh_only: bool) -> None:
    """Create the disk, and links to the kernel and the initrd that boot it."""
    own = lab.host_folder(host.name)
    machine_disk.create(overlay, world, host, own)
    (own / "console.log").touch()
    for name, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        (own / name).symlink_to(max((overlay.base / "boot").glob(pattern)))


def remove(lab: Run, host: HostPlan) -> None:
    """All of a machine is in its host's folder."""


def boot(lab: Run, host: HostPlan) -> None:
    """Start QEMU in the host's network namespace."""
    socket(lab, host, "agent").parent.mkdir(exist_ok=True)
    lab.start(process(host), command(lab, host), host.namespace)


def command(lab: Run, host: HostPlan) -> list[str]:
    """QEMU's command line."""
    own, console = lab.host_folder(host.name), accelerator.PROGRAMS[host.architecture][3]
    kvm = has_kvm(lab, host)
    kernel_words = ["root=LABEL=root", "ro", f"console={console}", *([] if kvm else [PATIENCE])]
    kernel_words += [word for oddity, word in KERNEL_WORDS.items() if oddity in host.oddities]
    return [
        *accelerator.words(host.architecture, kvm, processors(host, kvm)),
        *("-name", host.name, "-m", str(memory_mb(host)), "-nodefaults", "-nographic"),
        *("-kernel", str(own / "kernel"), "-initrd", str(own / "initrd"), "-append", " ".join(kernel_words)),
        *("-chardev", f"file,id=console,path={own / 'console.log'},append=on", "-serial", "chardev:console"),
        # What the guest has flushed is in this machine's page cache, which outlives a killed QEMU.
        *("-drive", f"if=none,id=disk,file={own / 'disk'},format=raw,cache=unsafe,discard=unmap"),
        *("-device", "virtio-blk-pci,drive=disk"),
        *("-netdev", f"tap,id=lan,ifname={CARD},script=no,downscript=no"),
        *("-device", f"virtio-net-pci,netdev=lan,mac={host.mac},romfile="),
        *("-device", "virtio-rng-pci"),
        *("-device", "virtio-serial-pci,id=ports"),
        *("-chardev", f"socket,id=shell,path={socket(lab, host, 'shell')},server=on,wait=off"),
        *("-device", "virtconsole,bus=ports.0,nr=0,chardev=shell"),
        *("-chardev", f"socket,id=agent,path={socket(lab, host, 'agent')},server=on,wait=off"),
        *("-device", "virtserialport,bus=ports.0,nr=1,chardev=agent,name=org.qemu.guest_agent.0"),
    ]


def has_kvm(lab: Run, host: HostPlan) -> bool:
    """Whether KVM runs this host; tried once for each architecture of a lab."""
    found: dict[str, bool] = lab.state.get("kvm", {})
    if host.architecture not in found:
        own = lab.host_folder(host.name)
        found[host.architecture] = accelerator.has_kvm(host.architecture, own / "kernel", own / "initrd")
        lab.update(kvm=found)
    return found[host.architecture]


def processors(host: HostPlan, kvm: bool) -> int:
    """Two, as kubeadm wants for a control plane; but an emulated amd64 worker is faster and sounder with one."""
    return 1 if host.architecture == "amd64" and not kvm and not host.host.is_control_plane else 2


def memory_mb(host: HostPlan) -> int:
    """The declared memory, else what its part needs."""
    return host.host.memory_mb or MEMORY_MB[host.host.is_control_plane]


def process(host: HostPlan) -> str:
    """The name of QEMU's process in the run's record, and of its log."""
    return f"vm-{host.name}"


def socket(lab: Run, host: HostPlan, name: str) -> Path:
    """The socket of the guest agent or of the shell's console; the path is short, because Linux allows 107 characters."""
    return lab.folder / "vm" / f"{host.number}.{name}"


def kill(lab: Run, host: HostPlan) -> None:
    """End QEMU: what the guest has not yet written is lost."""
    lab.stop(process(host))


def is_on(lab: Run, host: HostPlan) -> bool:
    """Whether QEMU runs."""
    return lab.runs(process(host)) is not None


def failure(lab: Run, host: HostPlan) -> str:
    """Why it can't finish booting: its kernel has panicked, or QEMU has ended; empty if neither is so."""
    if not is_on(lab, host):
        log = lab.folder / f"{process(host)}.log"
        return f"QEMU has ended: {log.read_text().strip()[-500:] or 'without output'}"
    return panic((lab.host_folder(host.name) / "console.log").read_text(errors="replace"))


def panic(console: str) -> str:
    """The line of a kernel panic since the last boot; empty without one."""
    lines = console.rpartition(accelerator.FIRST_WORDS)[2].splitlines()
    return next((line.strip() for line in lines if PANIC in line), "")


def slowness(lab: Run, host: HostPlan) -> int:
    """The factor for what a wait may take."""
    return SLOWNESS[has_kvm(lab, host)]


def outlook(lab: Run, host: HostPlan) -> str:
    """What runs the processor, and how long a boot usually takes on an idle machine."""
    return f"{host.name}: {label(lab, host)}, usually {USUAL[has_kvm(lab, host)]}"


def used_memory(lab: Run, host: HostPlan) -> int | None:
    """The memory that QEMU uses, in bytes; None if it does not run."""
    pid = lab.runs(process(host))
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1] if pid else None
    return int(pages) * os.sysconf("SC_PAGE_SIZE") if pages else None


def label(lab: Run, host: HostPlan) -> str:
    """The kind of host: its processor, and what runs it."""
    return f"vm, {host.architecture} {'by KVM' if has_kvm(lab, host) else 'emulated'}"


def attach_command(lab: Run, host: HostPlan, command: Iterable[str]) -> list[str]:
    """The command line that runs `command` on a host as root, by the guest agent: no network is needed."""
    return [*program("agent"), host.name, str(socket(lab, host, "agent")), *command]


def shell_command(lab: Run, host: HostPlan) -> list[str]:
    """The command line of a root shell on the host's second console."""
    return [*program("shell"), host.name, str(socket(lab, host, "shell"))]


def program(name: str) -> list[str]:
    """The command line of a program of this package, which works in any folder."""
    return ["env", f"PYTHONPATH={PROJECT}", sys.executable, "-P", "-m", f"lab.world.{name}"]
