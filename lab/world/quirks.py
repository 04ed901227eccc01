"""Quirks that real hosts have (the inventory's `rehearsal.oddities`): one function each, on the overlay of a host before its first boot.

A virtual machine's network (cloud-init, netplan) is in machine_disk.py, its kernel's command line in machines.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan

WANTS = "etc/systemd/system/multi-user.target.wants"
FILES = Path(__file__).parent / "files"
UFW_RULES = "### RULES ###"
UFW_SSH = f"""{UFW_RULES}

### tuple ### allow tcp {{port}} 0.0.0.0/0 any 0.0.0.0/0 in
-A ufw-user-input -p tcp --dport {{port}} -j ACCEPT

### END RULES ###"""
AUTO_UPGRADES = """APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
"""
SOON = "[Timer]\nOnCalendar=\nOnBootSec=1min\nRandomizedDelaySec=0\n"
RESOLVER = "[Resolve]\nDNS={dns}\n"


def text(name: str) -> str:
    """The text of a file in `files/`."""
    return (FILES / name).read_text()


def oracle_image(overlay: Overlay, host: HostPlan) -> None:
    """Add the packet filter that Oracle's images load at boot."""
    overlay.write("etc/iptables/rules.v4", text("oracle.rules.v4").replace("SSH_PORT", str(host.sshd_port)), mode=0o640)
    overlay.link(f"{WANTS}/netfilter-persistent.service", "/lib/systemd/system/netfilter-persistent.service")


def swap(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Add a swap file to fstab. In a container the file does not exist, so nothing is swapped; machine_disk.py makes a machine's."""
    overlay.write(
        "etc/fstab", "# <file system> <mount point> <type> <options> <dump> <pass>\n/swapfile none swap sw 0 0\n"
    )


def foreign_chains(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Add another program's chains and a FORWARD policy of DROP, loaded at each boot."""
    overlay.write("etc/other-program/rules", text("other-program.rules"))
    overlay.write("etc/systemd/system/other-program.service", text("other-program.service"))
    overlay.link(f"{WANTS}/other-program.service", "/etc/systemd/system/other-program.service")


def old_containerd(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Add the configuration that an earlier installation of containerd left."""
    overlay.write("etc/containerd/config.toml", text("old-containerd.toml"))


def systemd_resolved(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Enable systemd-resolved and its stub resolver."""
    overlay.write("etc/systemd/resolved.conf.d/lab.conf", RESOLVER.format(dns=world.dns))
    unit = "/lib/systemd/system/systemd-resolved.service"
    overlay.link(f"{WANTS}/systemd-resolved.service", unit)
    overlay.link("etc/systemd/system/dbus-org.freedesktop.resolve1.service", unit)
    overlay.link("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")


def zram_swap(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Swap in compressed memory, which a service of the image turns on at each boot, without a line in fstab."""
    overlay.write("etc/default/zramswap", "PERCENT=25\n")


def ufw(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Turn on Ubuntu's firewall: SSH comes in, nothing else."""
    overlay.write("etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n")
    rules = overlay.read("etc/ufw/user.rules").replace(UFW_RULES, UFW_SSH.format(port=host.sshd_port))
    overlay.write("etc/ufw/user.rules", rules, mode=0o640)


def unattended_upgrades(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Upgrades begin a minute after each boot, as on a cloud's new machine; they hold apt's locks then."""
    overlay.write("etc/apt/apt.conf.d/20auto-upgrades", AUTO_UPGRADES)
    for name in ("apt-daily", "apt-daily-upgrade"):
        overlay.write(f"etc/systemd/system/{name}.timer.d/lab.conf", SOON)
        overlay.link(f"etc/systemd/system/timers.target.wants/{name}.timer", f"/lib/systemd/system/{name}.timer")


QUIRKS: dict[str, Callable[[Overlay, WorldPlan, HostPlan], None]] = {
    "swap": swap,
    "foreign-chains": foreign_chains,
    "old-containerd": old_containerd,
    "systemd-resolved": systemd_resolved,
    "zram-swap": zram_swap,
    "ufw": ufw,
    "unattended-upgrades": unattended_upgrades,
}
