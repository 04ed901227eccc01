"""Base images of the hosts: trees of files, built once by mmdebstrap and cached by their recipe's hash."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.commands import run
from lab.mirror.request import machine_architecture
from lab.world.plan import HostPlan

# The packages of a cloud's image. iptables-persistent is in all, but enabled only in sites with Oracle's image.
PACKAGES = (
    "ca-certificates",
    "curl",
    "dbus",
    "iproute2",
    "iptables",
    "iptables-persistent",
    "iputils-ping",
    "kmod",
    "less",
    "netbase",
    "netcat-openbsd",
    "nftables",
    "openssh-server",
    "procps",
    "sudo",
    "systemd",
    "systemd-sysv",
    "udev",
)
SPLIT_OFF = {"trixie": ("linux-sysctl-defaults",)}  # a part of systemd until Debian 12
# A virtual machine has its own kernel, disk and AppArmor; the lab runs commands in it by the guest agent.
MACHINE_PACKAGES = ("apparmor", "e2fsprogs", "initramfs-tools", "qemu-guest-agent", "zstd")
ODDITY_PACKAGES = {
    "cloud-init": ("cloud-init",),
    "netplan": ("netplan.io",),
    "needrestart": ("needrestart",),
    "ufw": ("ufw",),
    "unattended-upgrades": ("unattended-upgrades",),
    "zram-swap": ("zram-tools",),
}
EXCLUDED = {"ufw": ("iptables-persistent",)}  # Debian 13's packages exclude each other
RESOLVED = {"bullseye": ()}  # a part of systemd itself until Debian 11
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "netfilter-persistent.service")
SOURCES = """deb http://deb.debian.org/debian {release} main
deb http://deb.debian.org/debian {release}-updates main
deb http://deb.debian.org/debian-security {release}-security main
"""
# Programs of another architecture run under qemu-user. binfmt_misc belongs to a user namespace from Linux 6.7 on, so the
# registration is in one of its own, and this machine's stays as it is.
BINFMT = Path("/proc/sys/fs/binfmt_misc")
EMULATORS = {"arm64": ("qemu-aarch64", "qemu-aarch64-static"), "amd64": ("qemu-x86_64", "qemu-x86_64-static")}
REGISTER = """set -eu
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
cat /usr/lib/binfmt.d/{emulator}.conf >/proc/sys/fs/binfmt_misc/register
exec "$@"
"""
# Run on the finished tree ($1): removes what each host must create itself, and disables units.
FINISH = """set -eu
rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/iptables/rules.v4 "$1"/etc/iptables/rules.v6
: >"$1/etc/machine-id"
rm -f "$1/var/lib/dbus/machine-id" "$1/etc/resolv.conf" "$1/etc/hostname"
for unit in {disabled}; do chroot "$1" systemctl disable "$unit" >/dev/null 2>&1 || true; done
rm -rf "$1"/var/log/apt "$1"/var/log/*.log "$1"/var/cache/apt/*.bin
"""
# A container's network is there before its init; a machine's is systemd-networkd's.
NETWORKD = """chroot "$1" systemctl enable systemd-networkd.service >/dev/null 2>&1
"""


@dataclass(frozen=True, order=True)
class Base:
    """A base image: a release, for a container or a virtual machine, with the packages of its oddities."""

    release: str
    resolved: bool = False
    machine: bool = False
    architecture: str = ""
    added: tuple[str, ...] = ()

    @property
    def packages(self) -> tuple[str, ...]:
        """All packages of the image."""
        resolved = RESOLVED.get(self.release, ("systemd-resolved",)) if self.resolved else ()
        own = (*MACHINE_PACKAGES, f"linux-image-cloud-{self.architecture}") if self.machine else ()
        excluded = {name for package in self.added for name in EXCLUDED.get(package, ())}
        shared = tuple(name for name in PACKAGES if name not in excluded)
        return shared + SPLIT_OFF.get(self.release, ()) + resolved + own + self.added

    @property
    def finish(self) -> str:
        """The shell script of the last step."""
        disabled = (*MASKED, *(() if self.resolved else ("systemd-resolved.service",)))
        return FINISH.format(disabled=" ".join(disabled)) + (NETWORKD if self.machine else "")

    @property
    def name(self) -> str:
        """The image's folder in the cache; another recipe has another folder."""
        recipe = json.dumps([self.release, self.packages, self.finish, SOURCES])
        kind = [self.release, *(["resolved"] if self.resolved else []), *(["vm"] if self.machine else [])]
        foreign = [self.architecture] if self.is_foreign else []
        return "-".join([*kind, *foreign, hashlib.sha256(recipe.encode()).hexdigest()[:12]])

    @property
    def is_foreign(self) -> bool:
        """Whether its programs are of another architecture than this machine's."""
        return self.machine and self.architecture != machine_architecture()

    @property
    def label(self) -> str:
        """What progress calls it."""
        parts = ["systemd-resolved"] if self.resolved else []
        parts += [f"a kernel for {self.architecture}"] if self.machine else []
        return f"Debian {self.release}{' with ' if parts else ''}{' and '.join([*parts, *self.added])}"


def base_of(host: HostPlan) -> Base:
    """The base image of a host."""
    if not host.is_machine:
        return Base(host.release, host.runs_resolved)
    added = {package for oddity in host.oddities for package in ODDITY_PACKAGES.get(oddity, ())}
    return Base(host.release, host.runs_resolved, True, host.architecture, tuple(sorted(added)))


def base_image(cache: Path, base: Base, progress: Callable[[str], None]) -> Path:
    """The root file system; the first call builds it.

    A container's takes half a minute, a machine's three minutes, and one of a foreign architecture half an hour.
    """
    target = cache / "images" / base.name
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.parent / f"{target.name}.lock"):
        if not target.is_dir():
            progress(base.label)
            bootstrap(target, base)
    return target


def bootstrap(target: Path, base: Base) -> None:
    """Build the tree in a draft folder, and move it to the cache when it is complete."""
    draft = target.with_name(f"{target.name}.draft")
    hook = target.with_name(f"{target.name}.finish")
    run(["rm", "-rf", "--one-file-system", draft])
    hook.write_text(f"#!/bin/sh\n{base.finish}")
    hook.chmod(0o755)
    words: list[str | Path]
    try:
        options = ["--variant=minbase", "--components=main", f"--include={','.join(base.packages)}"]
        options += [f"--architectures={base.architecture}"] if base.is_foreign else []
        words = [f'--customize-hook={hook} "$1"', base.release, draft, "-"]
        run(
            [*builder(base), "mmdebstrap", *options, *words],
            text=SOURCES.format(release=base.release),
        )
        draft.rename(target)
    finally:
        hook.unlink(missing_ok=True)
        run(["rm", "-rf", "--one-file-system", draft])


def builder(base: Base) -> list[str]:
    """The words before mmdebstrap, so that this machine's kernel runs the image's programs too."""
    if not base.is_foreign or any((BINFMT / name).exists() for name in EMULATORS[base.architecture]):
        return []
    script = REGISTER.format(emulator=EMULATORS[base.architecture][0])
    return [
        "lxc-usernsexec",
        "-m",
        "b:0:0:65536",
        "--",
        "unshare",
        "-m",
        "-p",
        "-f",
        "--mount-proc",
        "sh",
        "-c",
        script,
        "sh",
    ]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock file; another process waits."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
