"""What systemd knows of a unit."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.observed import systemd
from facts.base import Fact, parse_errors_as_fact_errors

# The services that this project runs.
UNITS = ("tailscaled", "containerd", "kubelet", "headscale", "nginx")


class State(Fact[systemd.Unit | None]):
    """The unit `unit`, and whether one of `reads` (paths) was changed after it was started; None = unknown."""

    def command(self, unit: str, reads: Sequence[str] = ()) -> str:
        name = shlex.quote(unit)
        newest = (
            f"stat -L -c %Z {' '.join(shlex.quote(path) for path in reads)} 2>/dev/null | sort -n | tail -n 1"
            if reads
            else "true"
        )
        # In UTC: `date` of uutils and busybox reads the names of other zones in its own way, or not at all.
        return (
            f"TZ=UTC0 systemctl show {name} -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload -p ActiveEnterTimestamp; "
            f'echo "Newest=$({newest})"'
        )

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> systemd.Unit:
        return systemd.parse_unit(output)
