"""What a run against any inventory might measure: every path as declared."""

from __future__ import annotations

from cluster.expected_paths import allowed_kinds
from cluster.inventory.declare import declare
from cluster.model import Cluster, Host
from cluster.observed.tailscale import ClientStatus, Path
from report.measurement import HostMeasured, Measurement

SHARED = {"coordination_name": "mesh.example.org", "acme_email": "operator@example.org"}


def measured(cluster: Cluster) -> Measurement:
    """Relayed wherever that is declared possible, else direct."""
    hosts = tuple(
        HostMeasured(
            host.name,
            host.site.site,
            host.roles,
            clock_offset_s=0.1,
            node="Ready" if host.is_node else None,
            tailnet=ClientStatus("Running", addresses=(f"100.64.10.{number}",)),
            paths={other.name: _path(cluster, host, other) for other in cluster.hosts if other != host},
        )
        for number, host in enumerate(cluster.hosts, 1)
    )
    return Measurement(cluster.cluster_name, "1.36.3", "0.29.3", "2026-11-23T22:11:13+00:00", 25.1, hosts)


def _path(cluster: Cluster, here: Host, there: Host) -> Path:
    relayed = "relayed" in allowed_kinds(cluster, here, there)
    return Path("relayed", 1212.0) if relayed else Path("direct", 104.0)


def homes(sites: int, ending: str = "") -> Cluster:
    """One cloud host and `sites` homes with two hosts each; names end with `ending`."""
    cloud = {
        **SHARED,
        "site": f"cloud{ending}",
        "lan": "10.0.0.0/24",
        "nat": "one_to_one",
        "roles": ("gateway", "coordinator", "control_plane"),
        "lan_address": "10.0.0.1",
        "public_address": "198.51.100.211",
        "ssh_hostname": "198.51.100.211",
    }
    hosts = {f"hub{ending}": cloud}
    for site in range(sites):
        for number in (1, 2):
            hosts[f"box{site}-{number}{ending}"] = {
                **SHARED,
                "site": f"home{site}{ending}",
                "lan": f"192.168.{site}.0/24",
                "nat": "masquerade",
                "lan_address": f"192.168.{site}.{number}",
                "public_address": f"192.0.2.{site + 1}",
                "ssh_hostname": f"192.0.2.{site + 1}",
                "ssh_port": 2200 + number,
            }
    return declare(hosts)
