"""The current state of a lab as a table."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.world import hosts, lifecycle
from lab.world.plan import HostPlan, WorldPlan
from lab.world.state import Run

HEADINGS = ("host", "site", "release", "LAN address", "way in", "power", "SSH", "system", "memory MB")
MEMORY_FILES = (
    "/sys/fs/cgroup/memory/lxc.payload.{name}/memory.usage_in_bytes",
    "/sys/fs/cgroup/lxc.payload.{name}/memory.current",
)


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
    notes += [f"fault {' '.join(filter(None, fault))}" for fault in state.get("faults", [])]
    return f"lab {lab.name}: {', '.join(notes)}"


def row(lab: Run, planned: WorldPlan, host: HostPlan) -> tuple[str, ...]:
    """One host's line."""
    on = hosts.is_on(lab, host)
    system = lifecycle.ssh_output(lab, planned, host, ["systemctl", "is-system-running"]) if on else ""
    memory = used_memory(host)
    limit = f" of {host.host.memory_mb}" if host.host.memory_mb else ""
    return (
        host.name,
        host.host.site.site,
        host.release,
        str(host.host.lan_address),
        f"{host.host.ssh_user}@{host.host.ssh_hostname}:{host.host.ssh_port}",
        "on" if on else "off",
        "answers" if system else "silent",
        system or "-",
        f"{memory >> 20}{limit}" if memory is not None else "-",
    )


def used_memory(host: HostPlan) -> int | None:
    """The memory that its control group uses, in bytes; None if it does not run."""
    for pattern in MEMORY_FILES:
        file = Path(pattern.format(name=host.container))
        if file.exists():
            return int(file.read_text())
    return None


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
