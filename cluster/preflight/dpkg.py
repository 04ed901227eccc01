"""A dpkg that was interrupted, before the first change."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.model import Host
from cluster.problems import Problem

SHOWN = 5


def problems(host: Host, unfinished: Sequence[str]) -> list[Problem]:
    """One problem for all packages that an interrupted dpkg left behind on `host`."""
    if not unfinished:
        return []
    more = f" and {len(unfinished) - SHOWN} more" if len(unfinished) > SHOWN else ""
    return [
        Problem(
            f"{host.name} dpkg",
            f"dpkg was interrupted and has not finished {', '.join(unfinished[:SHOWN])}{more}",
            "apt installs nothing before that is done",
            "sudo dpkg --configure -a && sudo apt-get -f install",
        )
    ]
