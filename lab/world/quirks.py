"""What makes hosts unlike each other, as they are in life: one function each, on the layer of a host that is not booted yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan

WANTS = "etc/systemd/system/multi-user.target.wants"
FILES = Path(__file__).parent / "files"
RESOLVER = "[Resolve]\nDNS={dns}\n"


def text(name: str) -> str:
    """A file that is laid on hosts as it is."""
    return (FILES / name).read_text()


def oracle_image(overlay: Overlay, host: HostPlan) -> None:
    """The packet filter that Oracle's images load at boot."""
    overlay.write("etc/iptables/rules.v4", text("oracle.rules.v4").replace("SSH_PORT", str(host.sshd_port)), mode=0o640)
    overlay.link(f"{WANTS}/netfilter-persistent.service", "/lib/systemd/system/netfilter-persistent.service")


def swap(overlay: Overlay, world: WorldPlan) -> None:
    """A line in fstab; the file itself is not made, so nothing is really swapped."""
    overlay.write(
        "etc/fstab", "# <file system> <mount point> <type> <options> <dump> <pass>\n/swapfile none swap sw 0 0\n"
    )


def foreign_chains(overlay: Overlay, world: WorldPlan) -> None:
    """Another program's chains, and a FORWARD policy of DROP, again after each boot."""
    overlay.write("etc/other-program/rules", text("other-program.rules"))
    overlay.write("etc/systemd/system/other-program.service", text("other-program.service"))
    overlay.link(f"{WANTS}/other-program.service", "/etc/systemd/system/other-program.service")


def old_containerd(overlay: Overlay, world: WorldPlan) -> None:
    """What an earlier installation of containerd left."""
    overlay.write("etc/containerd/config.toml", text("old-containerd.toml"))


def systemd_resolved(overlay: Overlay, world: WorldPlan) -> None:
    """The stub resolver answers on the host."""
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
