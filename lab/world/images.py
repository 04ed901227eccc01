"""Base images of the hosts: one for each Debian release, built once by mmdebstrap and cached by their recipe's hash."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.commands import run

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
RESOLVED = {"bullseye": ()}  # a part of systemd itself until Debian 11
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "netfilter-persistent.service")
SOURCES = """deb http://deb.debian.org/debian {release} main
deb http://deb.debian.org/debian {release}-updates main
deb http://deb.debian.org/debian-security {release}-security main
"""
# Run on the finished tree ($1): removes what each host must create itself, and disables units.
FINISH = """set -eu
rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/iptables/rules.v4 "$1"/etc/iptables/rules.v6
: >"$1/etc/machine-id"
rm -f "$1/var/lib/dbus/machine-id" "$1/etc/resolv.conf" "$1/etc/hostname"
for unit in {disabled}; do chroot "$1" systemctl disable "$unit" >/dev/null 2>&1 || true; done
rm -rf "$1"/var/log/apt "$1"/var/log/*.log "$1"/var/cache/apt/*.bin
"""


def packages(release: str, resolved: bool) -> tuple[str, ...]:
    """The packages of an image; `resolved` adds systemd-resolved."""
    return PACKAGES + SPLIT_OFF.get(release, ()) + (RESOLVED.get(release, ("systemd-resolved",)) if resolved else ())


def finish(resolved: bool) -> str:
    """The shell script of the last step."""
    return FINISH.format(disabled=" ".join((*MASKED, *(() if resolved else ("systemd-resolved.service",)))))


def folder(cache: Path, release: str, resolved: bool) -> Path:
    """The image's folder in the cache; another recipe has another folder."""
    recipe = json.dumps([release, packages(release, resolved), finish(resolved), SOURCES])
    name = f"{release}{'-resolved' if resolved else ''}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    return cache / "images" / name


def base_image(cache: Path, release: str, resolved: bool, progress: Callable[[str], None]) -> Path:
    """The root file system of a release; the first call builds it (about half a minute)."""
    target = folder(cache, release, resolved)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.parent / f"{target.name}.lock"):
        if not target.is_dir():
            progress(f"Debian {release}{' with systemd-resolved' if resolved else ''}")
            bootstrap(target, release, resolved)
    return target


def bootstrap(target: Path, release: str, resolved: bool) -> None:
    """Build the tree in a draft folder, and move it to the cache when it is complete."""
    draft = target.with_name(f"{target.name}.draft")
    hook = target.with_name(f"{target.name}.finish")
    run(["rm", "-rf", "--one-file-system", draft])
    hook.write_text(f"#!/bin/sh\n{finish(resolved)}")
    hook.chmod(0o755)
    try:
        options = ["--variant=minbase", "--components=main", f"--include={','.join(packages(release, resolved))}"]
        run(
            ["mmdebstrap", *options, f'--customize-hook={hook} "$1"', release, draft, "-"],
            text=SOURCES.format(release=release),
        )
        draft.rename(target)
    finally:
        hook.unlink(missing_ok=True)
        run(["rm", "-rf", "--one-file-system", draft])


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock file; another process waits."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
