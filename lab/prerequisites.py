"""What the lab needs of this machine. `python -m lab.prerequisites` installs what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from . import mirror
from .commands import run
from .failures import LabError, Unable

DEBIAN_PACKAGES = (
    "conntrack",
    "dnsmasq-base",
    "ethtool",
    "iproute2",
    "iptables",
    "lxc",
    "mmdebstrap",
    "nftables",
    "openssh-client",
    "procps",
)
# Every init, kubelet and containerd watches files, all as one user of this machine: the default is too little for six hosts.
ENOUGH = {"/proc/sys/fs/inotify/max_user_instances": 4096, "/proc/sys/fs/inotify/max_user_watches": 262144}
FOREIGN = ("aarch64", "arm64", "qemu")  # only for the second architecture


def needed(architectures: Iterable[str]) -> tuple[str, ...]:
    """The Debian packages for a lab with artifacts of these architectures."""
    both = set(architectures) - {mirror.wanted.machine_architecture()}
    own = [name for name in mirror.DEBIAN_PACKAGES if both or not any(word in name for word in FOREIGN)]
    return tuple(dict.fromkeys((*DEBIAN_PACKAGES, *own)))


def missing(packages: Iterable[str]) -> list[str]:
    """Those that are not installed."""
    listed = run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n"])
    installed = {line.split()[0] for line in listed.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in installed]


def check(architectures: Iterable[str] = ()) -> None:
    """Unable, with one clear reason, if the lab can't run here."""
    if platform.system() != "Linux":
        raise Unable(
            f"it runs {platform.system()}",
            "the lab is made of Linux namespaces",
            "Use a Linux machine, a virtual one too.",
        )
    if os.geteuid() != 0:
        raise Unable("you are not root", "only root may make network namespaces and containers", "Become root: sudo -s")
    if not shutil.which("dpkg-query"):
        raise Unable("it is no Debian", "base images and packages are Debian's", "Use Debian 12 or later, or Ubuntu.")
    if absent := missing(needed(architectures)):
        raise Unable(
            f"it lacks {', '.join(absent)}", "the lab is made with them", f"Run: apt-get install {' '.join(absent)}"
        )


def raise_limits() -> None:
    """Raise the limits of ENOUGH where they are lower, until this machine's next boot, and say so."""
    for name, enough in ENOUGH.items():
        file = Path(name)
        if (before := int(file.read_text())) < enough:
            file.write_text(str(enough))
            print(f"{name}: {before} → {enough}, until this machine boots again", flush=True)


def install() -> None:
    """All that is needed for both architectures."""
    absent = missing(needed(("amd64", "arm64")))
    if absent:
        print(f"installing {' '.join(absent)}", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=False, env=quiet)
        subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *absent], check=True, env=quiet)


if __name__ == "__main__":
    try:
        if os.geteuid() == 0 and shutil.which("dpkg-query"):
            install()
        check(("amd64", "arm64"))
    except (LabError, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
