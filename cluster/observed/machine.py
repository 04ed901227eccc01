"""What is printed of the kind of machine that a host is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from cluster.observed import systemd

# The units of Debian's and Ubuntu's time services; chronyd and ntpd are the names of other distributions.
TIME_SERVICES = tuple(
    f"{name}.service"
    for name in ("systemd-timesyncd", "chrony", "chronyd", "ntpsec", "ntp", "ntpd", "openntpd", "ntpd-rs")
)


@dataclass(frozen=True)
class TimeServices:
    """The programs that set a host's clock, by their units. `running`: `container` if nothing runs in a container, whose clock is its machine's.

    `installed` and `masked` are units that don't run.
    """

    running: str
    installed: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_time_services(lines: Sequence[str]) -> TimeServices:
    """A heading, `container` if the host is one, then `systemctl show` of TIME_SERVICES (an alias shows its unit)."""
    blocks = "\n".join(lines).split("\n\n")
    rows = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    units = {row["Id"]: row for row in rows if "Id" in row}
    running = [name for name, row in units.items() if row["ActiveState"] in systemd.RUNNING]
    states = {name: row["LoadState"] for name, row in units.items() if name not in running}
    return TimeServices(
        next(iter(running), "container" if "container" in lines[1:2] else ""),
        tuple(name for name, state in states.items() if state == "loaded"),
        tuple(name for name, state in states.items() if state == "masked"),
    )


@dataclass(frozen=True)
class Usage:
    """How busy a machine has been since it booted. `firmware`: file of /sys/class/dmi/id → text; `architecture`: the kernel's name.

    `busy_percent`: the processors' share of time with work; `load`: the mean number of waiting or running tasks of the last 15 minutes.
    """

    firmware: Mapping[str, str]
    architecture: str
    processors: int
    memory_mb: int
    memory_percent: float
    busy_percent: float
    load: float
    uptime_s: float


@dataclass(frozen=True)
class Load:
    """How many programs have wanted to run on average in the last minute, and on how many processors."""

    average: float
    processors: int


def parse_load(lines: Sequence[str]) -> Load:
    """The line of /proc/loadavg, then the number of processors; ValueError or IndexError if it is another text."""
    return Load(float(lines[0].split()[0]), max(1, int(lines[1])))


def parse_cgroup(lines: Sequence[str]) -> str:
    """`v1` or `v2`, after the type of the file system at /sys/fs/cgroup; a hybrid hierarchy counts as v1, as for kubelet."""
    return "v2" if lines[0].strip() == "cgroup2fs" else "v1"


def parse_container(lines: Sequence[str]) -> str:
    """The kind of container (lxc, docker …) by systemd-detect-virt; empty for a real or virtual machine."""
    kind = lines[0].strip()
    return "" if kind == "none" else kind


def parse_clock(lines: Sequence[str]) -> float:
    """Seconds since 1970, after `date +%s.%N`; busybox knows no nanoseconds and prints the `%N`."""
    seconds, _, fraction = lines[0].strip().partition(".")
    return float(f"{int(seconds)}.{fraction if fraction.isdigit() else 0}")


def parse_settings(lines: Sequence[str]) -> dict[str, str | None]:
    """`NAME=VALUE` of modules (`module NAME`) and sysctls; None for an empty value."""
    return {key: value.strip() or None for key, _, value in (line.partition("=") for line in lines)}


def parse_firmware(lines: Sequence[str]) -> dict[str, str]:
    """File of /sys/class/dmi/id → its text, from lines `dmi FILE TEXT`; files without text are left out."""
    values = (line.strip().split(" ", 2) for line in lines)
    return {words[1]: words[2].strip() for words in values if words[0] == "dmi" and len(words) == 3}


def parse_usage(lines: Sequence[str]) -> Usage:
    """Lines `dmi FILE TEXT`, `machine ARCHITECTURE PROCESSORS`, `uptime SECONDS`, `load ONE FIVE FIFTEEN`, /proc/stat's `cpu` line
    (ticks: user, nice, system, idle, waiting, interrupts of two kinds, stolen), and `memory` with total and available in kB."""
    words = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    ticks = [int(word) for word in words["cpu"][:8]]
    total_kb, available_kb = map(int, words["memory"])
    idle = sum(ticks[3:5]) + sum(ticks[7:])
    return Usage(
        firmware=parse_firmware(lines),
        architecture=words["machine"][0],
        processors=int(words["machine"][1]),
        memory_mb=total_kb // 1024,
        memory_percent=round(100 * (1 - available_kb / total_kb), 1),
        busy_percent=round(100 * (1 - idle / sum(ticks)), 1),
        load=float(words["load"][2]),
        uptime_s=float(words["uptime"][0]),
    )
