"""Quirks that real hosts have (the inventory's `rehearsal.oddities`): one function each, on the overlay of a host before its first boot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan

WANTS = "etc/systemd/system/multi-user.target.wants"
FILES = Path(__file__).parent / "files"
RESOLVER = "[Resolve]\nDNS={dns}\n"


def text(name: str) -> str:
    """The text of a file in `files/`."""
    return (FILES / name).read_text()


def oracle_image(overlay: Overlay, host: HostPlan) -> None:
    """Add the packet filter that Oracle's images load at boot."""
    overlay.write("etc/iptables/rules.v4", text("oracle.rules.v4").replace("SSH_PORT", str(host.sshd_port)), mode=0o640)
    overlay.link(f"{WANTS}/netfilter-persistent.service", "/lib/systemd/system/netfilter-persistent.service")


def swap(overlay: Overlay, world: WorldPlan) -> None:
    """Add a swap file to fstab; the file itself does not exist, so nothing is swapped."""
    overlay.write(
        "etc/fstab", "# <file system> <mount point> <type> <options> <dump> <pass>\n/swapfile none swap sw 0 0\n"
    )


def foreign_chains(overlay: Overlay, world: WorldPlan) -> None:
    """Add another program's chains and a FORWARD policy of DROP, loaded at each boot."""
    overlay.write("etc/other-program/rules", text("other-program.rules"))
    overlay.write("etc/systemd/system/other-program.service", text("other-program.service"))
    overlay.link(f"{WANTS}/other-program.service", "/etc/systemd/system/other-program.service")


def old_containerd(overlay: Overlay, world: WorldPlan) -> None:
    """Add the configuration that an earlier installation of containerd left."""
    overlay.write("etc/containerd/config.toml", text("old-containerd.toml"))


def systemd_resolved(overlay: Overlay, world: WorldPlan) -> None:
    """Enable systemd-resolved and its stub resolver."""
    overlay.write("etc/systemd/resolved.conf.d/lab.conf", RESOLVER.format(dns=world.dns))
    unit = "/lib/systemd/system/systemd-resolved.service"
    overlay.link(f"{WANTS}/systemd-resolved.service", unit)
    overlay.link("etc/systemd/system/dbus-org.freedesktop.resolve1.service", unit)
    overlay.link("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")


QUIRKS: dict[str, Callable[[Overlay, WorldPlan], None]] = {
    "swap": swap,
    "foreign-chains": foreign_chains,
    "old-containerd": old_containerd,
    "systemd-resolved": systemd_resolved,
}
