"""The disk of a virtual machine: a host's overlay over its base image, what a container does not need, as one ext4 file system."""

from __future__ import annotations

import json
from pathlib import Path

from lab.commands import run
from lab.world.first_boot import generic_hostname
from lab.world.network import own_address
from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan

SIZE = 12 << 30  # sparse; a fresh one has 400 MB
SWAP_SIZE = 64 << 20
FSTAB = "# <file system> <mount point> <type> <options> <dump> <pass>\n"
ROOT = "LABEL=root / ext4 errors=remount-ro 0 1"
# mke2fs reads a folder: $1 base, $2 overlay, $3 where to mount, $4 the disk. A private mount namespace leaves nothing behind.
# Debian 11's fsck knows no orphan_file, and its boot stops there.
MAKE = """set -eu
mount -t overlay overlay -o "lowerdir=$2:$1" "$3"
mke2fs -q -t ext4 -L root -O ^orphan_file -E lazy_itable_init=1,lazy_journal_init=1 -d "$3" "$4"
"""
# mke2fs leaves out blocks of zeros, and swapon refuses a file with holes.
FILL = """set -eu
tr '\\0' '\\377' </dev/zero | head -c "$2" >"$1"
mkswap -q "$1"
"""
# The second console is for `python -m lab shell`: root, without a password, from this machine only.
SHELL = """[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --wait-cr --noclear - linux
"""
# Started by its device: a busy emulated machine may find it later than a unit waits.
SHELL_RULE = """SUBSYSTEM=="tty", KERNEL=="hvc0", ENV{SYSTEMD_WANTS}+="serial-getty@hvc0.service"
"""
NETWORKD = """[Match]
MACAddress={mac}

[Network]
{addresses}

[Route]
Gateway={gateway}
{source}"""
SEED = "var/lib/cloud/seed/nocloud"
# As some providers do: names are the cloud's again at each boot.
USER_DATA = """#cloud-config
users: []
manage_etc_hosts: true
ssh_deletekeys: false
ssh_genkeytypes: [ed25519]
"""


def create(overlay: Overlay, world: WorldPlan, host: HostPlan, own: Path) -> Path:
    """Write a machine's own files, and create its disk in the folder `own`."""
    write = next((write for oddity, write in NETWORKS.items() if oddity in host.oddities), write_networkd)
    write(overlay, world, host)
    write_fstab(overlay)
    overlay.write("etc/systemd/system/serial-getty@hvc0.service.d/lab.conf", SHELL)
    overlay.write("etc/udev/rules.d/60-lab-shell.rules", SHELL_RULE)
    disk, merged = own / "disk", own / "merged"
    with disk.open("wb") as file:
        file.truncate(SIZE)
    merged.mkdir()
    run(["unshare", "-m", "sh", "-c", MAKE, "sh", overlay.base, overlay.upper, merged, disk])
    merged.rmdir()
    return disk


def write_fstab(overlay: Overlay) -> None:
    """Write the root file system's line, and create the swap file that the quirk has named."""
    if not (overlay.upper / "etc/fstab").exists():
        overlay.write("etc/fstab", f"{FSTAB}{ROOT}\n")
        return
    overlay.append("etc/fstab", ROOT)
    swap = overlay.upper_path("swapfile")
    run(["sh", "-c", FILL, "sh", swap, str(SWAP_SIZE)])
    swap.chmod(0o600)


def write_networkd(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Write the network card's configuration for systemd-networkd."""
    overlay.write("etc/systemd/network/10-lab.network", networkd(world, host))


def write_netplan(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Write it for netplan, as Ubuntu's installer does."""
    overlay.write("etc/netplan/50-lab.yaml", json.dumps({"network": netplan(world, host)}, indent=1), mode=0o600)


def write_seed(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Write a cloud's data for cloud-init, which writes the network's and the names' files at boot."""
    overlay.write(f"{SEED}/meta-data", f"instance-id: i-{host.number}\nlocal-hostname: {generic_hostname(host)}\n")
    overlay.write(f"{SEED}/user-data", USER_DATA)
    overlay.write(f"{SEED}/network-config", json.dumps(netplan(world, host), indent=1))


# Oddity → who writes the network's configuration; the first that the host has counts.
NETWORKS = {"cloud-init": write_seed, "netplan": write_netplan}


def addresses(world: WorldPlan, host: HostPlan) -> list[str]:
    """The addresses of the card, with their prefix lengths."""
    site = world.site(host.host.site.site)
    own = own_address(site, host)
    return [f"{host.host.lan_address}/{site.site.lan.prefixlen}", *([f"{own}/32"] if own else [])]


def networkd(world: WorldPlan, host: HostPlan) -> str:
    """systemd-networkd's file."""
    site = world.site(host.host.site.site)
    own = own_address(site, host)
    return NETWORKD.format(
        mac=host.mac,
        addresses="\n".join(f"Address={address}" for address in addresses(world, host)),
        gateway=site.gateway,
        source=("GatewayOnLink=yes\n" if site.is_gateway_outside else "") + (f"PreferredSource={own}\n" if own else ""),
    )


def netplan(world: WorldPlan, host: HostPlan) -> dict[str, object]:
    """netplan's configuration, which is cloud-init's too (version 2). JSON is YAML."""
    site = world.site(host.host.site.site)
    own = own_address(site, host)
    card = {
        "match": {"macaddress": host.mac},
        "dhcp4": False,
        "addresses": addresses(world, host),
        "routes": [
            {
                "to": "0.0.0.0/0",
                "via": str(site.gateway),
                **({"on-link": True} if site.is_gateway_outside else {}),
                **({"from": str(own)} if own else {}),
            }
        ],
        "nameservers": {"addresses": [str(world.dns)]},
    }
    return {"version": 2, "ethernets": {"lan": card}}
