"""A host made ready for Kubernetes: its name, swap, kernel settings, clock."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from engine.fail import fail
from facts.machine import Hostname, KernelSettings, Swap, TimeSync


@operation()
def hostname(wanted: str) -> Generator[StringCommand, None, None]:
    """
    Give the host its name, now and after a reboot.

    + wanted: a DNS label
    """
    found = host.get_fact(Hostname)
    if found is None:
        yield fail("the host's name could not be read")
    elif found != {"live": wanted, "static": wanted}:
        yield StringCommand("hostnamectl set-hostname", QuoteString(wanted))
    else:
        host.noop("the name is as declared")


@operation()
def no_swap() -> Generator[StringCommand, None, None]:
    """Turn swap off now and after a reboot: kubelet refuses to start with it. Lines of fstab are commented out, not lost."""
    found = host.get_fact(Swap)
    if found is None:
        yield fail("swap could not be read")
        return
    steps = ["swapoff --all"] if found["active"] else []
    if found["fstab"]:
        steps.append("sed -i -E '/^[^#]\\S*\\s+\\S+\\s+swap\\s/ s/^/# off for Kubernetes (isthmus): /' /etc/fstab")
    if steps:
        yield StringCommand(" && ".join(steps))
    else:
        host.noop("no swap")


@operation()
def kernel_settings(
    modules: Sequence[str], sysctls: Mapping[str, str], is_container: bool
) -> Generator[StringCommand, None, None]:
    """
    Load modules and set sysctls now; the files that keep them over a reboot are written before.

    + modules: names
    + sysctls: key to value
    + is_container: the kernel is somebody else's: what it does not show can't be set, and is left alone
    """
    found = host.get_fact(KernelSettings, modules=list(modules), sysctls=list(sysctls))
    if found is None:
        yield fail("kernel settings could not be read")
        return
    missing = [module for module in modules if found[f"module {module}"] is None]
    if missing and not is_container:
        yield StringCommand("modprobe --all", *(QuoteString(module) for module in missing))
    wrong = {
        key: value
        for key, value in sysctls.items()
        if found[key] != value and not (is_container and found[key] is None)
    }
    if wrong:
        yield StringCommand("sysctl -q -w", *(shlex.quote(f"{key}={value}") for key, value in wrong.items()))
    if not wrong and (is_container or not missing):
        host.noop("kernel settings are as wanted")


@operation()
def time_service() -> Generator[StringCommand, None, None]:
    """Have some time service run; whichever there is will do. A container's clock is its host's business."""
    found = host.get_fact(TimeSync)
    if found is None:
        yield fail("time services could not be read")
    elif found:
        host.noop(f"the clock is kept by {found}")
    else:
        yield StringCommand(
            "systemctl list-unit-files -q systemd-timesyncd.service >/dev/null || "
            "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install systemd-timesyncd"
        )
        yield StringCommand("systemctl enable --now systemd-timesyncd.service")
