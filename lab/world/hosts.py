"""Hosts of both kinds: disk, power on and off, a way in. containers.py and machines.py have what differs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from lab.commands import run
from lab.polling import wait_until
from lab.world import containers, first_boot, machines
from lab.world.network import UPLINK, attach_host
from lab.world.overlay import Overlay
from lab.world.plan import HostPlan, WorldPlan
from lab.world.quirks import QUIRKS, oracle_image
from lab.world.state import Run


class Kind(Protocol):
    """What differs between the kinds of hosts."""

    def create(self, lab: Run, world: WorldPlan, host: HostPlan, overlay: Overlay, ssh_only: bool) -> None:
        """Create what the kind needs in addition to the overlay."""
        ...

    def remove(self, lab: Run, host: HostPlan) -> None:
        """Remove what is not in the host's folder."""
        ...

    def boot(self, lab: Run, host: HostPlan) -> None:
        """Start init or a kernel in the host's network namespace."""
        ...

    def kill(self, lab: Run, host: HostPlan) -> None:
        """Cut the power."""
        ...

    def is_on(self, lab: Run, host: HostPlan) -> bool:
        """Whether it runs."""
        ...

    def failure(self, lab: Run, host: HostPlan) -> str:
        """Why it can't finish booting; empty as far as is known."""
        ...

    def slowness(self, lab: Run, host: HostPlan) -> int:
        """The factor for what a wait may take."""
        ...

    def outlook(self, lab: Run, host: HostPlan) -> str:
        """What to expect of a boot, in words; empty if it takes seconds."""
        ...

    def used_memory(self, lab: Run, host: HostPlan) -> int | None:
        """The memory that it uses, in bytes; None if it does not run."""
        ...

    def label(self, lab: Run, host: HostPlan) -> str:
        """The kind, for `status`."""
        ...

    def attach_command(self, lab: Run, host: HostPlan, command: Iterable[str]) -> list[str]:
        """The command line that runs `command` as root."""
        ...

    def shell_command(self, lab: Run, host: HostPlan) -> list[str]:
        """The command line of a root shell."""
        ...


def kind(host: HostPlan) -> Kind:
    """The module with what a host's kind does in its own way."""
    return machines if host.is_machine else containers


def create(
    lab: Run, world: WorldPlan, host: HostPlan, base: Path, authorized_key: str, ca: Path, ssh_only: bool = False
) -> None:
    """Create a host's disk, as a cloud's image is after its first boot, and what its kind needs beside it."""
    own = lab.host_folder(host.name)
    own.mkdir(parents=True)
    overlay = Overlay(base, own / "upper")
    first_boot.write_names(overlay, world, host)
    first_boot.trust_ca(overlay, ca)
    first_boot.create_host_keys(overlay, host)
    first_boot.create_login(overlay, host.host.ssh_user, authorized_key)
    if host.host.site.image == "oracle":
        oracle_image(overlay, host)
    for quirk in host.oddities:
        if quirk in QUIRKS:
            QUIRKS[quirk](overlay, world, host)
    kind(host).create(lab, world, host, overlay, ssh_only)


def remove_disk(lab: Run, host: HostPlan) -> None:
    """Remove all of a host that is off."""
    shutil.rmtree(lab.host_folder(host.name))
    kind(host).remove(lab, host)


def boot(lab: Run, world: WorldPlan, host: HostPlan) -> None:
    """Power a host on: a new network namespace, then its init or its kernel."""
    detach(host)  # a host that has switched itself off has left it
    attach_host(world.site(host.host.site.site), host, lab.namespace)
    kind(host).boot(lab, host)


def power_off(lab: Run, hosts: Iterable[HostPlan]) -> None:
    """Cut the power of hosts, all at once: nothing is shut down or synced."""
    hosts = tuple(hosts)
    with ThreadPoolExecutor(max(1, len(hosts))) as pool:
        list(pool.map(lambda host: stop(lab, host), hosts))
    for host in hosts:
        detach(host)


def detach(host: HostPlan) -> None:
    """Remove the network namespace of a host that is off, if it is there.

    It exists until its last process ends; its link must go now, because the next boot adds a new one.
    """
    run(["ip", "-n", host.namespace, "link", "delete", UPLINK], check=False)
    run(["ip", "netns", "delete", host.namespace], check=False)


def stop(lab: Run, host: HostPlan) -> None:
    """Kill one host, and wait until it is off."""
    kind(host).kill(lab, host)
    wait_until(lambda: not is_on(lab, host), 10)


def is_on(lab: Run, host: HostPlan) -> bool:
    """Whether the host runs."""
    return kind(host).is_on(lab, host)


def attach_command(lab: Run, host: HostPlan, command: Iterable[str]) -> list[str]:
    """The command line that runs `command` on a host as root, without SSH or any network."""
    return kind(host).attach_command(lab, host, command)
