from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

from cluster.documents import routes
from cluster.expected_paths import allowed_kinds
from cluster.inventory.declare import declare
from cluster.model import Cluster
from tests.unit.cluster.inventory.test_errors import spoiled


def declared(**changes: Any) -> Cluster:
    return declare(spoiled(changes))


def offered(cluster: Cluster) -> dict[str, list[str]]:
    return {host.name: [str(route) for route in routes.advertised(cluster, host)] for host in cluster.hosts}


def test_each_host_advertises_its_own_lan_address() -> None:
    assert offered(declared()) == {
        "hub": ["10.1.0.2/32"],
        "brain": ["10.1.0.3/32"],
        "limb": ["10.1.0.4/32"],
        "den": ["192.168.9.5/32"],
    }


def test_declared_routes_are_added() -> None:
    cluster = declared(den={"lan_routes": ["192.168.9.0/24", "192.168.60.0/24"]})
    assert offered(cluster)["den"] == ["192.168.9.5/32", "192.168.9.0/24", "192.168.60.0/24"]


def test_each_host_keeps_its_own_lan() -> None:
    cluster = declared()
    assert routes.kept_local(cluster, cluster.host("den")) == (IPv4Network("192.168.9.0/24"),)


def test_lans_that_overlap_are_not_advertised() -> None:
    flat = {"site": "flat", "lan": "192.168.0.0/16", "nat": "masquerade", "lan_address": "192.168.9.5"}
    cluster = declared(
        attic={**flat, "ssh_hostname": "192.0.2.77", "lan_routes": ["192.168.3.0/24", "172.16.3.0/24"]},
        home={"lan": "192.168.8.0/23"},
    )
    assert offered(cluster)["den"] == []
    assert offered(cluster)["attic"] == ["172.16.3.0/24"]
    assert offered(cluster)["hub"] == ["10.1.0.2/32"]
    assert set(cluster.advertised_lan_addresses) == {"hub", "brain", "limb"}
    assert [site.site for site in cluster.ambiguous_sites] == ["home", "flat"]
    assert cluster.warnings == (
        "the LAN of home 192.168.8.0/23 overlaps the LAN of flat 192.168.0.0/16: their hosts are not reached at LAN "
        "addresses from other sites; tailnet addresses work all the same",
    )


def test_the_policy_admits_what_is_declared() -> None:
    policy = routes.policy(declared(den={"lan_routes": ["192.168.60.0/24"]}))
    networks = ["10.244.0.0/16", "10.1.0.2/32", "10.1.0.3/32", "10.1.0.4/32", "192.168.9.5/32", "192.168.60.0/24"]
    members = ["tag:node", *networks]
    assert json.loads(json.dumps(policy)) == {
        "tagOwners": {"tag:node": []},
        "autoApprovers": {"routes": {network: ["tag:node"] for network in networks}},
        "acls": [{"action": "accept", "src": members, "dst": [f"{member}:*" for member in members]}],
    }


def test_a_switch_of_the_pod_network_is_no_matter_of_the_policy() -> None:
    routed, vxlan = (routes.policy(declared(all={"pod_network": kind})) for kind in ("routed", "vxlan"))
    assert "10.244.0.0/16" in json.dumps(vxlan)
    assert routed == vxlan


def test_paths_between_sites() -> None:
    flat = {
        "site": "flat",
        "lan": "192.168.7.0/24",
        "nat": "masquerade",
        "lan_address": "192.168.7.5",
        "ssh_hostname": "flat",
    }
    cluster = declared(attic=flat, den2={"in": "home", "lan_address": "192.168.9.6", "ssh_port": 2202})
    den, attic, den2, hub = (cluster.host(name) for name in ("den", "attic", "den2", "hub"))
    assert allowed_kinds(cluster, den, den2) == {"direct"}
    assert allowed_kinds(cluster, den, hub) == allowed_kinds(cluster, hub, den) == {"direct"}
    assert allowed_kinds(cluster, den, attic) == allowed_kinds(cluster, attic, den) == {"direct", "relayed"}


def test_untranslated_hosts_are_reached_at_their_own_address() -> None:
    colo = {"site": "colo", "lan": "198.51.100.0/28", "nat": "none", "lan_address": "198.51.100.3"}
    cluster = declared(rack=colo)
    assert str(cluster.host("rack").internet_address) == "198.51.100.3"
    assert allowed_kinds(cluster, cluster.host("den"), cluster.host("rack")) == {"direct"}
    assert cluster.host("den").internet_address is None
