"""What is printed of the kind of machine that a host is."""

from __future__ import annotations

from collections.abc import Sequence
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
