"""What runs a virtual machine's processor: KVM if a trial shows that it runs Debian's kernel, else QEMU's emulation."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from lab.mirror.request import machine_architecture

KVM = Path("/dev/kvm")
PROCESSOR = Path("/proc/cpuinfo")
TRIAL_SECONDS = 15
FIRST_WORDS = "Linux version"
# How a kernel of each architecture is started: program, machine, processor under emulation, console.
PROGRAMS = {
    "amd64": ("qemu-system-x86_64", "q35", "max", "ttyS0"),
    "arm64": ("qemu-system-aarch64", "virt,gic-version=3", "neoverse-n1", "ttyAMA0"),
}
PACKAGES = {"amd64": "qemu-system-x86", "arm64": "qemu-system-arm"}


def may_have_kvm(architecture: str, flags: str) -> bool:
    """Whether a trial is worth its time; `flags`: /proc/cpuinfo.

    /dev/kvm may answer on an amd64 machine without vmx and svm: such a hypervisor runs only kernels that are made for it.
    """
    if architecture != machine_architecture():
        return False
    return architecture != "amd64" or bool(re.search(r"^flags\s*:.*\b(vmx|svm)\b", flags, re.M))


def has_kvm(architecture: str, kernel: Path, initrd: Path) -> bool:
    """Whether KVM boots this kernel here."""
    if not KVM.exists() or not may_have_kvm(architecture, PROCESSOR.read_text()):
        return False
    program, machine, _, console = PROGRAMS[architecture]
    command = [
        program,
        "-machine",
        machine.replace(",gic-version=3", ",gic-version=host"),
        "-accel",
        "kvm",
        "-cpu",
        "host",
        "-m",
        "512",
        "-nodefaults",
        "-nographic",
        "-no-reboot",
        "-serial",
        "stdio",
    ]
    command += ["-kernel", str(kernel), "-initrd", str(initrd), "-append", f"console={console} panic=-1"]
    try:
        shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TRIAL_SECONDS).stdout
    except subprocess.TimeoutExpired as over:
        shown = over.stdout or b""
    return FIRST_WORDS.encode() in shown


def words(architecture: str, kvm: bool, processors: int) -> list[str]:
    """QEMU's program and the options of machine, processor and accelerator."""
    program, machine, emulated, _ = PROGRAMS[architecture]
    if kvm:
        machine = machine.replace("gic-version=3", "gic-version=host")
        return [program, "-machine", machine, "-accel", "kvm", "-cpu", "host", "-smp", str(processors)]
    # Two emulated amd64 processors in two threads were seen to panic in the guest; in one thread they take turns.
    thread = "single" if architecture == "amd64" and processors > 1 else "multi"
    accelerator = f"tcg,thread={thread},tb-size=256"
    return [program, "-machine", machine, "-accel", accelerator, "-cpu", emulated, "-smp", str(processors)]
