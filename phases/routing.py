"""Routing and packet filter of a host: it forwards packets of the tailnet and of pods, accepts them, and keeps its LAN out of the tailnet."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.documents import routes
from cluster.documents.iptables import MARK, Rule, needed
from cluster.model import Cluster, Host
from cluster.preflight.packet_filter import admitted_by_firewalld
from engine.phase import phase
from engine.templates import render
from facts.network import CLAMP_TABLE, RULE_PRIORITY
from operations import files, firewalld, iptables, network

LIBRARY = "/usr/local/lib/isthmus"
NETWORK_SCRIPT = f"{LIBRARY}/network"
NETWORK_UNIT = "/etc/systemd/system/isthmus-network.service"
NETWORKD_CONF = "/etc/systemd/networkd.conf.d/isthmus.conf"
SYSCTL_CONF = "/etc/sysctl.d/99-isthmus-network.conf"
OWNED = files.Owned(machine=(LIBRARY, NETWORK_UNIT, iptables.UNIT_PATH, NETWORKD_CONF, SYSCTL_CONF))


@phase("Routing")
def route_and_admit_traffic(cluster: Cluster, host: Host) -> None:
    """Set forwarding and routing rules, and accept the packets that this host's roles need if a chain would drop them.

    This precedes the coordination server: a gateway without the rule for its LAN would route packets for the coordinator into
    the tailnet, which does not work without the coordinator.
    """
    settings = files.write(name="Write the routing settings", files=_routing(cluster, host))
    network.forwarding(
        name="Set forwarding and routing rules",
        kept_local=routes.kept_local(cluster, host),
        reads=[NETWORK_SCRIPT, NETWORK_UNIT],
        restarted_by=[settings],
    )
    admit(cluster, host)


def admit(cluster: Cluster, host: Host) -> None:
    """Insert the ACCEPT rules that the roles of `host` in `cluster` need."""
    iptables.admit(
        name="Accept pods and the tailnet in the packet filter",
        rules=needed(cluster, host),
        script=_script,
        unit=render("routing/isthmus-host-rules.service"),
    )
    firewalld.admit(
        name="Accept pods and the tailnet in firewalld",
        calls=lambda found: admitted_by_firewalld(cluster, host, found),
    )


def _routing(cluster: Cluster, host: Host) -> list[files.File]:
    script = render(
        "routing/network.sh.j2", kept_local=routes.kept_local(cluster, host), priority=RULE_PRIORITY, table=CLAMP_TABLE
    )
    return [
        files.File(NETWORK_SCRIPT, script, "755"),
        files.File(NETWORK_UNIT, render("routing/isthmus-network.service")),
        files.File(NETWORKD_CONF, render("routing/networkd.conf")),
        files.File(SYSCTL_CONF, "net.ipv4.ip_forward = 1\n"),
    ]


def _script(rules: Mapping[str, tuple[Rule, ...]]) -> str:
    return render("routing/host-rules.sh.j2", rules=rules, mark=MARK)
