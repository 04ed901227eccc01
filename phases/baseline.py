"""The baseline of every host: its name, no swap, kernel settings, a synchronised clock."""

from __future__ import annotations

import pyinfra

from cluster.model import Cluster, Host
from engine.phase import phase
from engine.templates import render
from facts.machine import Container
from operations import files, machine

MODULES = ("overlay", "br_netfilter")
APT_CONF = "/etc/apt/apt.conf.d/90isthmus"
MODULES_LOAD = "/etc/modules-load.d/isthmus.conf"
SYSCTL_CONF = "/etc/sysctl.d/99-isthmus.conf"
OWNED = files.Owned(node=(MODULES_LOAD, SYSCTL_CONF), machine=(APT_CONF,))
SYSCTLS = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
}


@phase("Baseline")
def prepare_hosts(cluster: Cluster, host: Host) -> None:
    """Set the host name, apt's options, kernel settings and the clock, and turn swap off."""
    machine.hostname(name="Set the host name", wanted=host.name)
    files.write(name="Write apt, module and sysctl settings", files=_settings(host))
    machine.no_swap(name="Turn swap off")
    if host.is_node:
        machine.kernel_settings(
            name="Load modules and set sysctls",
            modules=MODULES,
            sysctls=SYSCTLS,
            is_container=bool(pyinfra.host.get_fact(Container)),
        )
    machine.time_service(name="Synchronise the clock")


def _settings(host: Host) -> list[files.File]:
    settings = [files.File(APT_CONF, render("baseline/apt.conf"))]
    if host.is_node:
        settings += [
            files.File(MODULES_LOAD, "".join(f"{module}\n" for module in MODULES)),
            files.File(SYSCTL_CONF, "".join(f"{key} = {value}\n" for key, value in SYSCTLS.items())),
        ]
    return settings
