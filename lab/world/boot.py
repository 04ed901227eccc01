"""Boot hosts and wait until they answer; SSH as the operator."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lab.commands import run
from lab.failures import LabError
from lab.polling import wait_until
from lab.world import hosts, operator
from lab.world.plan import HostPlan, WorldPlan
from lab.world.state import Run

BOOT_SECONDS = 180
CONNECT_SECONDS = {True: 30, False: 3}  # of a machine, which may be emulated and busy; of a container
ALIVE_SECONDS = {True: 30, False: 5}
QUESTION = "if test -d /run/systemd/system; then systemctl is-system-running --wait; else echo running; fi"


def power_on(lab: Run, world: WorldPlan, chosen: Sequence[HostPlan]) -> None:
    """Boot these hosts, and wait until each has finished booting and answers SSH; LabError if one does not in time."""
    for host in chosen:
        hosts.boot(lab, world, host)
        if outlook := hosts.kind(host).outlook(lab, host):
            print(f"\n  {outlook}", end=" ", flush=True)
    with ThreadPoolExecutor(max(1, len(chosen))) as pool:
        reasons = list(pool.map(lambda host: wait_for_boot(lab, world, host), chosen))
    failed = {host.name: reason for host, reason in zip(chosen, reasons, strict=True) if reason}
    if failed:
        raise LabError(
            f"host {', '.join(failed)}", "did not finish booting", "; ".join(dict.fromkeys(failed.values())),
            f"look at console.log and lxc.log in {lab.host_folder(next(iter(failed)))} of a lab that is kept by `up --keep`",
        )  # fmt: skip


def wait_for_boot(lab: Run, world: WorldPlan, host: HostPlan) -> str:
    """Why a host has not finished booting in time; empty if it has. A failed unit is accepted, `status` shows it."""
    kind = hosts.kind(host)
    seconds = BOOT_SECONDS * kind.slowness(lab, host)
    reason = ""

    def ended() -> bool:
        nonlocal reason
        reason = kind.failure(lab, host)
        return bool(reason) or ssh_output(lab, world, host, ["sh", "-c", QUESTION]) in ("running", "degraded")

    return reason if wait_until(ended, seconds) else f"it did not answer by SSH within {seconds} s"


def ssh_output(lab: Run, world: WorldPlan, host: HostPlan, words: list[str]) -> str:
    """The output of a command on a host, over SSH as the operator; empty if SSH fails."""
    connect, alive = CONNECT_SECONDS[host.is_machine], ALIVE_SECONDS[host.is_machine]
    limits = ["-o", f"ConnectTimeout={connect}", "-o", "BatchMode=yes", "-o", f"ServerAliveInterval={alive}"]
    command = operator.command(world, ["ssh", *limits, host.name, shlex.join(words)])
    return run(command, check=False, env=operator.environment(lab)).strip()
