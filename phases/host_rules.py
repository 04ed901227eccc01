"""Hosts whose image, or another program, rejects what it does not know let pods and the tailnet through."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.packet_filter import MARK, Rule, needed
from operations import packet_filter
from phases import phase
from phases.declared import cluster, here
from phases.templates import render


@phase("Host rules")
def admit_traffic() -> None:
    """Admit exactly what this host's part needs, where it would be refused."""
    packet_filter.admitted(
        name="Admit pods and the tailnet where they would be refused",
        rules=needed(cluster(), here()),
        script=_script,
        unit=render("host_rules/isthmus-host-rules.service"),
    )


def _script(rules: Mapping[str, tuple[Rule, ...]]) -> str:
    return render("host_rules/host-rules.sh.j2", rules=rules, mark=MARK)
