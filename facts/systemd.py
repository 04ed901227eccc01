"""What systemd knows of a unit."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from facts.base import Fact, parse_errors_as_fact_errors

# The services that this project runs.
UNITS = ("tailscaled", "containerd", "kubelet", "headscale", "nginx")


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


class State(Fact[Unit | None]):
    """The unit `unit`, and whether one of `reads` (paths) was changed after it was started; None = unknown."""

    def command(self, unit: str, reads: Sequence[str] = ()) -> str:
        name = shlex.quote(unit)
        newest = (
            f"stat -L -c %Z {' '.join(shlex.quote(path) for path in reads)} 2>/dev/null | sort -n | tail -n 1"
            if reads
            else "true"
        )
        return (
            f"said=$(systemctl show {name} -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload -p ActiveEnterTimestamp); "
            'echo "$said"; since=$(echo "$said" | sed -n \'s/^ActiveEnterTimestamp=//p\'); '
            f'echo "Started=$(test -z "$since" || date -d "$since" +%s)"; echo "Newest=$({newest})"'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> Unit:
        values = dict(line.split("=", 1) for line in output if "=" in line)
        return Unit(
            loaded=values["LoadState"] == "loaded",
            active=values["ActiveState"] in ("active", "activating", "reloading"),
            failed=values["ActiveState"] == "failed",
            enabled=values.get("UnitFileState")
            in ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated"),
            needs_reload=values["NeedDaemonReload"] == "yes",
            outdated=int(values["Newest"] or 0) > int(values["Started"] or 0),
        )
