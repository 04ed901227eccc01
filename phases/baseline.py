"""Every host ready for what comes: its name, no swap, kernel settings, a kept clock."""

from __future__ import annotations

from pyinfra import host

from cluster.model import Host
from engine.inventory import here
from engine.phase import phase
from engine.templates import render
from facts.machine import Container
from operations import files, machine

MODULES = ("overlay", "br_netfilter")
SYSCTLS = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
}


@phase("Baseline")
def prepare_hosts() -> None:
    """Bring every host to the same start."""
    this = here()
    machine.hostname(name="Set the host name", wanted=this.name)
    files.write(name="Write apt, module and sysctl settings", files=_settings(this))
    machine.no_swap(name="Turn swap off")
    if this.is_node:
        machine.kernel_settings(
            name="Load modules and set sysctls",
            modules=MODULES,
            sysctls=SYSCTLS,
            is_container=bool(host.get_fact(Container)),
        )
    machine.time_service(name="Synchronise the clock")


def _settings(this: Host) -> list[files.File]:
    settings = [files.File("/etc/apt/apt.conf.d/90isthmus", render("baseline/apt.conf"))]
    if this.is_node:
        settings += [
            files.File("/etc/modules-load.d/isthmus.conf", "".join(f"{module}\n" for module in MODULES)),
            files.File(
                "/etc/sysctl.d/99-isthmus.conf", "".join(f"{key} = {value}\n" for key, value in SYSCTLS.items())
            ),
        ]
    return settings
