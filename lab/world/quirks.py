"""What makes hosts unlike each other, as they are in life: one function each, on the layer of a host that is not booted yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab.world.overlay import Layer
from lab.world.plan import HostPlan, WorldPlan

WANTS = "etc/systemd/system/multi-user.target.wants"
FILES = Path(__file__).parent / "files"
RESOLVER = "[Resolve]\nDNS={dns}\n"


def text(name: str) -> str:
    """A file that is laid on hosts as it is."""
    return (FILES / name).read_text()


def oracle_image(layer: Layer, host: HostPlan) -> None:
    """The packet filter that Oracle's images load at boot."""
    layer.write("etc/iptables/rules.v4", text("oracle.rules.v4").replace("SSH_PORT", str(host.sshd_port)), mode=0o640)
    layer.link(f"{WANTS}/netfilter-persistent.service", "/lib/systemd/system/netfilter-persistent.service")


def swap(layer: Layer, world: WorldPlan) -> None:
    """A line in fstab; the file itself is not made, so nothing is really swapped."""
    layer.write(
        "etc/fstab", "# <file system> <mount point> <type> <options> <dump> <pass>\n/swapfile none swap sw 0 0\n"
    )


def foreign_chains(layer: Layer, world: WorldPlan) -> None:
    """Another program's chains, and a FORWARD policy of DROP, again after each boot."""
    layer.write("etc/other-program/rules", text("other-program.rules"))
    layer.write("etc/systemd/system/other-program.service", text("other-program.service"))
    layer.link(f"{WANTS}/other-program.service", "/etc/systemd/system/other-program.service")


def old_containerd(layer: Layer, world: WorldPlan) -> None:
    """What an earlier installation of containerd left."""
    layer.write("etc/containerd/config.toml", text("old-containerd.toml"))


def systemd_resolved(layer: Layer, world: WorldPlan) -> None:
    """The stub resolver answers on the host."""
    layer.write("etc/systemd/resolved.conf.d/lab.conf", RESOLVER.format(dns=world.dns))
    unit = "/lib/systemd/system/systemd-resolved.service"
    layer.link(f"{WANTS}/systemd-resolved.service", unit)
    layer.link("etc/systemd/system/dbus-org.freedesktop.resolve1.service", unit)
    layer.link("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")


ODDITIES: dict[str, Callable[[Layer, WorldPlan], None]] = {
    "swap": swap,
    "foreign-chains": foreign_chains,
    "old-containerd": old_containerd,
    "systemd-resolved": systemd_resolved,
}
