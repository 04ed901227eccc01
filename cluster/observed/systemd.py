"""What `systemctl show` prints of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

RUNNING = ("active", "activating", "reloading")


@dataclass(frozen=True)
class Unit:
    """A unit's state. `outdated` = a file that it reads was changed after it was started."""

    loaded: bool
    active: bool
    failed: bool
    enabled: bool
    needs_reload: bool
    outdated: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_unit(lines: Sequence[str]) -> Unit:
    """What the script of facts.systemd.State printed of one unit. A start that can't be read is a ValueError, never a start long ago."""
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return Unit(
        loaded=values["LoadState"] == "loaded",
        active=values["ActiveState"] in RUNNING,
        failed=values["ActiveState"] == "failed",
        enabled=values.get("UnitFileState")
        in ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated"),
        needs_reload=values["NeedDaemonReload"] == "yes",
        outdated=int(values["Newest"] or 0) > _started(values["ActiveEnterTimestamp"]),
    )


def _started(text: str) -> int:
    """Seconds since 1970 of a time that systemd printed in UTC, such as `Tue 2026-11-24 11:54:07 UTC`; 0 if there is none."""
    if text in ("", "n/a"):
        return 0
    _, day, clock, zone = text.split()
    if zone != "UTC":
        raise ValueError(f"a time in {zone}, not in UTC")
    return int(datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())


def parse_states(lines: Sequence[str]) -> dict[str, str]:
    """Unit, without `.service` → its ActiveState, or `absent` if it is not loaded; properties of a unit end at an empty line."""
    found: dict[str, str] = {}
    for block in "\n".join(lines).split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in values:
            state = values["ActiveState"] if values["LoadState"] == "loaded" else "absent"
            found[values["Id"].removesuffix(".service")] = state
    return found
