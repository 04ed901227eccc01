"""The current state of a lab as a table."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from lab.world import boot, hosts, lifecycle
from lab.world.plan import HostPlan, WorldPlan
from lab.world.state import Run

HEADINGS = ("host", "site", "kind", "release", "LAN address", "way in", "power", "SSH", "system", "memory MB")


def show(lab: Run) -> str:
    """The heading, and a line for each host."""
    planned = lifecycle.world_of(lab)
    with ThreadPoolExecutor(len(planned.hosts)) as pool:
        rows = list(pool.map(lambda host: row(lab, planned, host), planned.hosts))
    return "\n".join([heading(lab), "", *table([HEADINGS, *rows])])


def heading(lab: Run) -> str:
    """The run, how long it is up, and what differs from the declaration."""
    state = lab.state
    minutes = (time.time() - state.get("began", time.time())) / 60
    notes = [f"up for {minutes:.0f} min" if state.get("up") else "half-made", f"files in {lab.folder}"]
    if not state.get("delay", True):
        notes.append("delay off")
    if official := state.get("official"):
        notes.append(f"from their publishers: {', '.join(official)}")
    notes += [f"fault {' '.join(filter(None, fault))}" for fault in state.get("faults", [])]
    return f"lab {lab.name}: {', '.join(notes)}"


def row(lab: Run, planned: WorldPlan, host: HostPlan) -> tuple[str, ...]:
    """One host's line. The memory of a machine is QEMU's, which never gives back what the guest once used."""
    on = hosts.is_on(lab, host)
    system = boot.ssh_output(lab, planned, host, ["systemctl", "is-system-running"]) if on else ""
    kind = hosts.kind(host)
    memory = kind.used_memory(lab, host)
    limit = f" of {host.host.memory_mb}" if host.host.memory_mb else ""
    return (
        host.name,
        host.host.site.site,
        kind.label(lab, host),
        host.release,
        str(host.host.lan_address),
        f"{host.host.ssh_user}@{host.host.ssh_hostname}:{host.host.ssh_port}",
        "on" if on else "off",
        "answers" if system else "silent",
        system or "-",
        f"{memory >> 20}{limit}" if memory is not None else "-",
    )


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
