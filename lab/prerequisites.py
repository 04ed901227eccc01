"""The lab's requirements on this machine. `python -m lab.prerequisites [ARCHITECTURE…]` installs missing packages.

ARCHITECTURE: of emulated machines.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from lab import mirror
from lab.commands import run
from lab.failures import LabError, UnsupportedMachine
from lab.world.accelerator import PACKAGES

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
# For the report page and its tests; the lab runs without.
PAGE_PACKAGES = ("chromium", "graphviz")
# Every init, kubelet and containerd uses inotify, all as one user of this machine: the default is too low for six hosts.
ENOUGH = {"/proc/sys/fs/inotify/max_user_instances": 4096, "/proc/sys/fs/inotify/max_user_watches": 262144}
FOREIGN = ("aarch64", "arm64", "qemu")  # only for the second architecture
# mmdebstrap asks it whether this machine runs an image's programs.
FOREIGN_IMAGES = ("arch-test", "qemu-user-static")


def needed(architectures: Iterable[str], machines: Iterable[str] = ()) -> tuple[str, ...]:
    """The Debian packages that a lab with artifacts of these architectures, and with virtual machines of those, needs."""
    own = mirror.request.machine_architecture()
    both = set(architectures) - {own}
    builders = [name for name in mirror.DEBIAN_PACKAGES if both or not any(word in name for word in FOREIGN)]
    emulators = [PACKAGES[architecture] for architecture in machines]
    images = FOREIGN_IMAGES if set(machines) - {own} else ()
    return tuple(dict.fromkeys((*DEBIAN_PACKAGES, *builders, *emulators, *images)))


def missing(packages: Iterable[str]) -> list[str]:
    """The packages that are not installed."""
    listed = run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n"])
    installed = {line.split()[0] for line in listed.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in installed]


def check(architectures: Iterable[str] = (), machines: Iterable[str] = ()) -> None:
    """UnsupportedMachine, with one reason, if the lab can't run here."""
    if platform.system() != "Linux":
        raise UnsupportedMachine(
            f"it runs {platform.system()}",
            "the lab is made of Linux namespaces",
            "Use a Linux machine, a virtual one too.",
        )
    if os.geteuid() != 0:
        raise UnsupportedMachine(
            "you are not root", "only root may make network namespaces and containers", "Become root: sudo -s"
        )
    if not shutil.which("dpkg-query"):
        raise UnsupportedMachine(
            "it is no Debian", "base images and packages are Debian's", "Use Debian 12 or later, or Ubuntu."
        )
    if absent := missing(needed(architectures, machines)):
        raise UnsupportedMachine(
            f"it lacks {', '.join(absent)}", "the lab is made with them", f"Run: apt-get install {' '.join(absent)}"
        )


def raise_limits() -> None:
    """Raise limits that are lower than ENOUGH, until this machine's next boot, and print each change."""
    for name, enough in ENOUGH.items():
        file = Path(name)
        if (before := int(file.read_text())) < enough:
            file.write_text(str(enough))
            print(f"{name}: {before} → {enough}, until this machine boots again", flush=True)


def install(machines: Iterable[str]) -> None:
    """Install the packages for artifacts of both architectures, for these machines, and for tests of the report page."""
    absent = missing((*needed(("amd64", "arm64"), machines), *PAGE_PACKAGES))
    if not absent:
        return
    print(f"installing {' '.join(absent)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=False, env=quiet)
    for name in [name for name in PAGE_PACKAGES if name in absent and not known(name)]:
        print(f"apt has no {name} here: tests of the report page that need it are left out", flush=True)
        absent.remove(name)
    subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *absent], check=True, env=quiet)


def known(package: str) -> bool:
    """Whether apt can install it: Ubuntu has no Chromium as a package."""
    return not subprocess.run(["apt-cache", "show", package], capture_output=True).returncode


def main(words: Iterable[str]) -> None:
    """Install and check; `words`: architectures of virtual machines in addition to this machine's own."""
    machines = sorted({mirror.request.machine_architecture(), *words})
    if os.geteuid() == 0 and shutil.which("dpkg-query"):
        install(machines)
    check(("amd64", "arm64"), machines)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (LabError, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
