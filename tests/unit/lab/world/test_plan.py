"""The plan of a world, derived from a declared cluster."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from cluster.inventory.declare import declare
from lab.failures import LabError
from lab.world import rules
from lab.world.plan import plan
from tests.unit.lab.worlds import CLOUD, HOME, OPEN, SERVED, SHARED, behind, cluster, world


def test_interface_names_fit_into_linux() -> None:
    many = {f"host-with-a-long-name-{n}": behind(f"192.168.1.{n}", "192.0.2.9", 2000 + n) for n in range(2, 90)}
    planned = world(**many)
    names = [host.port for host in planned.hosts] + [site.core_port for site in planned.sites]
    assert max(map(len, names)) <= 15
    assert len(set(names)) == len(names)


def test_every_namespace_carries_the_run() -> None:
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222))
    assert len(set(planned.namespaces)) == len(planned.namespaces) == 3 + 2 * 2 + 2
    assert all(name.startswith("isthmus-t-") for name in planned.namespaces)


def test_the_lab_takes_no_declared_address() -> None:
    taken = {**OPEN, "lan": "198.18.0.0/22", "lan_address": "198.18.0.9"}
    planned = world(odd=taken)
    assert planned.network == IPv4Network("198.18.4.0/22")
    assert all(address in planned.network for address in (planned.dns, planned.operator, *planned.names.values()))


def test_releases_take_turns_and_the_coordinator_is_not_on_the_oldest() -> None:
    hosts = {f"h{n}": behind(f"192.168.1.{n}", "192.0.2.9", 2000 + n) for n in range(2, 5)}
    assert [host.release for host in world(**hosts).hosts] == ["bookworm", "bullseye", "trixie", "bookworm"]
    declared = behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"release": "trixie"})
    assert world(other=declared).host("other").release == "trixie"


def test_the_operator_stands_where_the_api_is_open_to() -> None:
    values = cluster().hosts[0].model_dump(exclude={"name", "site"}, exclude_none=True)
    opened = declare({"first": {**SHARED, **CLOUD, **values, "api_access": ("192.0.2.64/27",)}})
    assert plan("t", opened, SERVED).operator == IPv4Address("192.0.2.65")


def test_names_lead_to_the_gateway_the_mirror_and_named_hosts() -> None:
    planned = world(called={**HOME, "lan_address": "192.168.1.2", "ssh_hostname": "nas.example.org"})
    assert planned.records["mesh.example.org"] == IPv4Address("203.0.113.1")
    assert planned.records["nas.example.org"] == planned.host("called").ssh_endpoint[0]
    assert set(SERVED) <= set(planned.records)
    assert planned.site("home").blocked == (planned.names["ghcr.io"],)


def test_an_own_port_is_the_server_s_and_a_forwarded_one_the_router_s() -> None:
    own = {
        **OPEN,
        "lan_address": "10.9.0.2",
        "public_address": "192.0.2.7",
        "ssh_hostname": "192.0.2.7",
        "ssh_port": 22022,
    }
    assert world(own=own).host("own").sshd_port == 22022
    assert world(away=behind("192.168.1.2", "192.0.2.9", 2222)).host("away").sshd_port == rules.SSH


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(LabError, match="its hosts are first"):
        world().host("second")
    with pytest.raises(LabError, match="its sites are cloud"):
        world().site("moon")
