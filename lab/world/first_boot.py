"""The files of a host before its first boot, as a cloud's image has them then: names, CA, SSH keys, the operator's login."""

from __future__ import annotations

from pathlib import Path

from lab.commands import run
from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan

FIRST_USER = 1000
SUDOERS = "{user} ALL=(ALL) NOPASSWD:ALL\n"


def generic_hostname(host: HostPlan) -> str:
    """The name that a cloud gives a new instance; the deploy sets the declared one."""
    return f"instance-{host.number}"


def write_names(overlay: Overlay, world: WorldPlan, host: HostPlan) -> None:
    """Write the host's name, its hosts file and its resolver's configuration."""
    name = generic_hostname(host)
    overlay.write("etc/hostname", f"{name}\n")
    overlay.write("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n\n::1 localhost ip6-localhost ip6-loopback\n")
    if not host.runs_resolved:
        overlay.write("etc/resolv.conf", f"nameserver {world.dns}\n")


def trust_ca(overlay: Overlay, ca: Path) -> None:
    """Add the lab's CA to the system's certificates, as `update-ca-certificates` does, and as its source for the next run."""
    certificate = ca.read_text()
    overlay.write("usr/local/share/ca-certificates/isthmus-lab.crt", certificate)
    overlay.append("etc/ssl/certs/ca-certificates.crt", certificate.strip())
    overlay.link("etc/ssl/certs/isthmus-lab.pem", "/usr/local/share/ca-certificates/isthmus-lab.crt")


def create_host_keys(overlay: Overlay, host: HostPlan) -> None:
    """Create the SSH server's keys, and set its port."""
    target = overlay.upper_path("etc/ssh/ssh_host_ed25519_key")
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{generic_hostname(host)}", "-f", target])
    if host.sshd_port != 22:
        overlay.append("etc/ssh/sshd_config", f"Port {host.sshd_port}")


def create_login(overlay: Overlay, user: str, authorized_key: str) -> None:
    """Create the operator's login: root, or a user with passwordless sudo, as in cloud images."""
    if user == "root":
        home, owner = "root", 0
    else:
        home, owner = f"home/{user}", FIRST_USER
        overlay.append("etc/passwd", f"{user}:x:{owner}:{owner}:{user}:/{home}:/bin/bash")
        overlay.append("etc/group", f"{user}:x:{owner}:")
        overlay.append("etc/shadow", f"{user}:*:19000:0:99999:7:::")
        overlay.append("etc/gshadow", f"{user}:!::")
        overlay.write("etc/sudoers.d/90-cloud-init-users", SUDOERS.format(user=user), mode=0o440)
        overlay.directory(home, 0o755, owner)
    overlay.directory(f"{home}/.ssh", 0o700, owner)
    overlay.write(f"{home}/.ssh/authorized_keys", authorized_key, mode=0o600, owner=owner)
