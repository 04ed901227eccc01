"""The baseline of every host: its name, no swap, kernel settings, a synchronised clock."""

from __future__ import annotations

import pyinfra

from cluster.model import Cluster, Host
from engine.phase import phase
from engine.templates import render
from facts.machine import Container
from facts.swap import DROP_IN
from operations import files, machine, swap

MODULES = ("overlay", "br_netfilter")
APT_CONF = "/etc/apt/apt.conf.d/90isthmus"
MODULES_LOAD = "/etc/modules-load.d/isthmus.conf"
SYSCTL_CONF = "/etc/sysctl.d/99-isthmus.conf"
SWAP_CONF = "/etc/systemd/system/swap.d/isthmus.conf"
OWNED = files.Owned(
    node=(MODULES_LOAD, SYSCTL_CONF, SWAP_CONF, f"/etc/systemd/system/*.service.d/{DROP_IN}"), machine=(APT_CONF,)
)
SYSCTLS = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
}


@phase("Baseline")
def prepare_hosts(cluster: Cluster, host: Host) -> None:
    """Set the host name, apt's options and the clock; on nodes turn swap off, and set the kernel."""
    is_container = bool(pyinfra.host.get_fact(Container))
    machine.hostname(name="Set the host name", wanted=host.name, address=str(host.lan_address))
    files.write(name="Write apt, module and sysctl settings", files=_settings(host), then="systemctl daemon-reload")
    if host.is_node:
        swap.off(name="Turn swap off", is_container=is_container)
        machine.kernel_settings(
            name="Load modules and set sysctls",
            modules=MODULES,
            sysctls=SYSCTLS,
            is_container=is_container,
        )
    machine.time_service(name="Synchronise the clock")


def _settings(host: Host) -> list[files.File]:
    settings = [files.File(APT_CONF, render("baseline/apt.conf"))]
    if host.is_node:
        settings += [
            files.File(MODULES_LOAD, "".join(f"{module}\n" for module in MODULES)),
            files.File(SWAP_CONF, render("baseline/no-swap.conf")),
            files.File(SYSCTL_CONF, "".join(f"{key} = {value}\n" for key, value in SYSCTLS.items())),
        ]
    return settings
