"""A host's name, kernel settings and clock."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from cluster.documents.hosts_file import block_entries, edited, resolves
from engine.fail import fail
from facts.files import Whole
from facts.machine import Hostname, KernelSettings, TimeSync
from operations.apt import APT_GET
from operations.files import replaced
from operations.network import HOSTS


@operation()
def hostname(wanted: str, address: str = "") -> Generator[StringCommand, None, None]:
    """
    Set the host name, now and for the next boot.

    + wanted: the host name, a DNS label
    + address: an address of the host, for which /etc/hosts gets the name before, unless it has the name: sudo waits for a name that does
      not resolve, and prints an error; empty: /etc/hosts stays
    """
    found = host.get_fact(Hostname)
    if found is None:
        yield fail("the host's name could not be read")
    elif found != {"live": wanted, "static": wanted}:
        yield from _resolving(wanted, address) if address else ()
        yield StringCommand("hostnamectl set-hostname", QuoteString(wanted))
    else:
        host.noop("the host name is as declared")


def _resolving(name: str, address: str) -> Generator[StringCommand, None, None]:
    text = host.get_fact(Whole, path=HOSTS)
    if text is None:
        yield fail("/etc/hosts could not be read")
    elif not resolves(text, name):
        names = block_entries(text)
        names.setdefault(address, []).append(name)
        yield StringCommand("sh -s", _stdin=replaced(HOSTS, text, edited(text, names)))


@operation()
def kernel_settings(
    modules: Sequence[str], sysctls: Mapping[str, str], is_container: bool
) -> Generator[StringCommand, None, None]:
    """
    Load kernel modules and set sysctls now. Another operation writes the files for the next boot.

    + modules: names of the modules
    + sysctls: key → value
    + is_container: the kernel is the container host's, so modules are not loaded and sysctls that are not visible are skipped
    """
    found = host.get_fact(KernelSettings, modules=list(modules), sysctls=list(sysctls))
    if found is None:
        yield fail("kernel modules and sysctls could not be read")
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
    """Start a time service unless one runs: an installed one, else systemd-timesyncd, which is installed. A container needs none."""
    found = host.get_fact(TimeSync)
    if found is None:
        yield fail("the state of time services could not be read")
    elif found.running:
        host.noop(f"{found.running} sets the clock")
    elif found.installed:
        # apt would remove it for systemd-timesyncd.
        yield StringCommand("systemctl enable --now", shlex.quote(found.installed[0]))
    elif found.masked:
        units = " ".join(found.masked)
        yield fail(
            f"no time service runs, and {units} is masked; run `systemctl unmask {units}` on this host, or start another one"
        )
    else:
        # An image without a time service often comes without package lists too.
        yield StringCommand(
            f"{APT_GET} update && {APT_GET} install --no-install-recommends systemd-timesyncd "
            "&& systemctl enable --now systemd-timesyncd.service"
        )
