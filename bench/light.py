"""A deploy for hosts that run sshd and nothing else, with as many operations as a worker has in deploy.py.

Nine phases, each with the barrier of all hosts, a set of three files, packages, kernel settings, and a block of /etc/hosts
or the host's swap. Its cost grows with the number of hosts as the real one's; it has no services.
"""

from cluster.documents.host_names import entries
from cluster.model import Cluster, Host
from engine.phase import phase
from operations import apt, files, machine, network, swap

PHASES = 9
FILES = 3
PACKAGES = ("ca-certificates", "curl", "iproute2", "iptables", "nftables", "openssh-server", "procps", "sudo")
SYSCTLS = {"net.ipv4.ip_forward": "0", "net.ipv4.conf.all.rp_filter": "0"}
TEXT = "".join(f"# line {number} of a settings file as long as those of the real deploy\n" for number in range(25))


def settings(number: int) -> None:
    """One phase."""

    @phase(f"Settings {number}")
    def write(cluster: Cluster, host: Host) -> None:
        wanted = [
            files.File(f"/etc/isthmus-bench/{number}-{one}.conf", f"# {host.name}\n{TEXT}") for one in range(FILES)
        ]
        files.write(name="Write settings", files=wanted)
        apt.packages(name="Install packages", wanted=[apt.Wanted(package) for package in PACKAGES])
        machine.kernel_settings(
            name="Load modules and set sysctls", modules=("overlay",), sysctls=SYSCTLS, is_container=True
        )
        if number % 2:
            network.hosts_block(name="Name the hosts", entries=lambda: entries(cluster, host, {}))
        else:
            swap.off(name="Turn swap off")

    write()


for each in range(PHASES):
    settings(each)
