"""Which address a host has for each name, the API's above all."""

from __future__ import annotations

from cluster.documents import host_names
from tests.unit.cluster.documents.test_routes import declared
from tests.unit.cluster.test_tasks import THREE


def test_each_control_plane_asks_itself_and_a_worker_the_first() -> None:
    cluster = declared()
    tailnet = {host.name: f"100.64.10.{place}" for place, host in enumerate(cluster.hosts, 1)}
    first = cluster.control_planes[0]
    for host in cluster.hosts:
        assert cluster.api_endpoint_name in host_names.entries(cluster, host, tailnet)[tailnet[first.name]]
    assert host_names.entries(cluster, first, {}) == {str(first.lan_address): [first.name]}
    gateway = cluster.gateway
    assert host_names.entries(cluster, gateway, {}) == {
        str(gateway.lan_address): [gateway.name, cluster.coordination_name]
    }


def test_with_several_control_planes_all_others_ask_the_gateway() -> None:
    tailnet = {host.name: f"100.64.10.{place}" for place, host in enumerate(THREE.hosts, 1)}
    for host in THREE.hosts:
        wanted = host if host.is_control_plane else THREE.gateway
        assert THREE.api_endpoint_name in host_names.entries(THREE, host, tailnet)[tailnet[wanted.name]]
