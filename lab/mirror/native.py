"""Parts that are no Go programs: files of Debian packages of any architecture, and the pause container."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.mirror.commands import run
from lab.mirror.request import TRIPLETS

RELEASE = "bookworm"
ARCHIVE = "http://deb.debian.org/debian"
# Nothing at run time needs these; without them the layer is half as large.
SKIPPED = (
    "./dev",
    "./usr/share/man",
    "./usr/share/doc",
    "./usr/share/locale",
    "./usr/share/perl5",
    "./var",
    "./etc/apt",
    "./etc/dpkg",
)
NETWORK_TOOLS = ("iptables", "nftables", "conntrack", "ipset", "iproute2", "kmod", "busybox-static")
FIREWALL_TOOLS = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")
PAUSE = r"""
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int signal) { _exit(0); }
static void reap(int signal) { while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(int count, char **words) {
  if (count > 1 && words[1][0] == '-' && words[1][1] == 'v') { write(1, "pause.c\n", 8); return 0; }
  struct sigaction ends = {.sa_handler = end}, reaps = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};
  sigaction(SIGINT, &ends, 0);
  sigaction(SIGTERM, &ends, 0);
  sigaction(SIGCHLD, &reaps, 0);
  for (;;) pause();
}
"""


def extract(packages: Sequence[str], architecture: str, folder: Path) -> None:
    """The files of these packages and all they depend on, unpacked into `folder`; none of their programs is run."""
    archive = folder.with_name(f"{folder.name}.tar")
    words = ["--variant=extract", "--quiet", f"--architectures={architecture}", f"--include={','.join(packages)}"]
    run(["mmdebstrap", *words, RELEASE, archive, ARCHIVE], why=f"unpacking {', '.join(packages)} ({architecture})")
    skipped = [f"--exclude={path}" for path in SKIPPED]
    folder.mkdir(exist_ok=True)
    run(["tar", "--extract", "--file", archive, "--directory", folder, *skipped], why="unpacking packages")
    archive.unlink()


def applets(busybox: Path) -> list[str]:
    """The names that busybox answers to; its copy for this machine must be given."""
    return subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()


def link_applets(root: Path, names: Sequence[str]) -> None:
    """A link to busybox in /bin for each name that no real program has."""
    folders = [root / part for part in ("bin", "sbin", "usr/bin", "usr/sbin")]
    for name in names:
        if not any((folder / name).is_symlink() or (folder / name).exists() for folder in folders):
            (root / "bin" / name).symlink_to("busybox")


def network_tools(root: Path, architecture: str, names: Sequence[str]) -> None:
    """iptables (over nftables), conntrack, ip and a shell: what kube-proxy and flannel call."""
    extract(NETWORK_TOOLS, architecture, root)
    for name in FIREWALL_TOOLS:
        link = root / "usr/sbin" / name
        link.unlink(missing_ok=True)
        link.symlink_to("xtables-nft-multi")
    link_applets(root, names)


def pause(folder: Path, architecture: str) -> None:
    """The program that holds a pod's namespaces."""
    source = folder / "pause.c"
    source.write_text(PAUSE)
    compiler = f"{TRIPLETS[architecture]}-gcc"
    run(
        [compiler, "-Os", "-static", "-s", "-Wno-unused-result", "-o", folder / "pause", source],
        why=f"pause ({architecture})",
    )
    source.unlink()
