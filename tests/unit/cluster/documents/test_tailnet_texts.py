"""Texts that the mesh reads and writes: hosts files, apt indexes, the relay's map."""

from __future__ import annotations

import pytest
import yaml

from cluster.documents import api_endpoint, headscale, host_names
from cluster.documents.hosts_file import BEGIN, END, keep_address, with_block
from cluster.documents.iptables import Rule, needed
from cluster.inventory.checks import roles
from cluster.observed.apt_index import Listed, index_of, package_of
from engine.templates import render
from tests.unit.cluster.documents.test_routes import declared
from tests.unit.cluster.test_tasks import THREE

TWO_HOSTS = {"hub": {"roles": ["gateway"]}, "limb": {"roles": ["coordinator"]}}
ENTRIES = {"100.64.10.1": ["n1", "api.example"], "100.64.10.2": ["n2"]}
BLOCK = [BEGIN, "100.64.10.1 n1 api.example", "100.64.10.2 n2", END]
RELEASE = f"""Origin: Tailscale
MD5Sum:
 {"0" * 32} 10 main/binary-amd64/Packages
SHA256:
 {"a" * 64}    10 main/binary-amd64/Packages
 {"b" * 64}     5 main/binary-amd64/Packages.gz
"""
PACKAGES = f"""Package: tailscale
Version: 1.102.4
Filename: pool/tailscale_1.102.4_amd64.deb
SHA256: {"c" * 64}
Description: The easiest
 way: there is

Package: tailscale
Version: 1.102.5
Filename: pool/tailscale_1.102.5_amd64.deb
SHA256: {"d" * 64}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], BLOCK),
        (["127.0.0.1 localhost"], ["127.0.0.1 localhost", *BLOCK]),
        (["a", BEGIN, "old", END, "b"], ["a", *BLOCK, "b"]),
        ([BEGIN, "one", END, "a", BEGIN, "two", END], [*BLOCK, "a"]),
        (["a", END, "b"], ["a", END, "b", *BLOCK]),
        (["a", BEGIN, "b"], ["a", *BLOCK, "b"]),
    ],
)
def test_one_block_and_every_other_line_as_it_was(before: list[str], after: list[str]) -> None:
    assert with_block(before, ENTRIES).splitlines() == after


def test_no_entries_no_block() -> None:
    assert with_block(["a", *BLOCK], {}) == "a\n"


def test_the_sha256_part_of_a_release_counts() -> None:
    assert index_of(RELEASE, "main/binary-amd64/Packages") == Listed("main/binary-amd64/Packages", "a" * 64)
    assert index_of(RELEASE, "main/binary-arm64/Packages") is None


def test_exactly_the_declared_version() -> None:
    assert package_of(PACKAGES, "tailscale", "1.102.5") == Listed("pool/tailscale_1.102.5_amd64.deb", "d" * 64)
    assert package_of(PACKAGES, "tailscale", "1.102.6") is None


def test_each_part_of_the_mesh_admits_what_it_serves() -> None:
    cluster = declared(all={"api_access": ["198.51.100.0/24"]})
    admitted = {host.name: {rule.match for rule in needed(cluster, host)} for host in cluster.hosts}
    for matches in admitted.values():
        assert {"-i tailscale0", "-p udp -m udp --dport 41641"} <= matches
    gateway, coordinator, node = cluster.gateway.name, cluster.coordinator.name, cluster.control_planes[0].name
    assert {"-p tcp -m tcp --dport 80", "-p tcp -m tcp --dport 443"} <= admitted[gateway]
    assert [name for name, matches in admitted.items() if "-p udp -m udp --dport 3478" in matches] == [coordinator]
    assert [
        name for name, matches in admitted.items() if "-s 198.51.100.0/24 -p tcp -m tcp --dport 6443" in matches
    ] == [node]
    assert f"-s {cluster.pod_cidr}" in admitted[node]


def test_an_api_that_is_open_to_everybody_has_no_source() -> None:
    cluster = declared(all={"api_access": ["0.0.0.0/0"]})
    assert Rule("INPUT", "-p tcp -m tcp --dport 6443") in needed(cluster, cluster.control_planes[0])


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


def test_the_gateway_passes_calls_on_to_control_planes_that_have_joined_and_to_the_tailnet_alone() -> None:
    assert api_endpoint.is_forwarded(THREE)
    assert api_endpoint.forwarding(THREE, {"gate": "100.64.10.1"}) is None
    assert api_endpoint.forwarding(THREE, {"core1": "100.64.10.2"}) is None
    values = api_endpoint.forwarding(THREE, {"gate": "100.64.10.1", "core1": "100.64.10.2", "core3": "100.64.10.4"})
    assert values
    text = render("coordination/api.conf.j2", **values)
    assert [line.split()[1] for line in text.splitlines() if line.strip().startswith("server 1")] == [
        "100.64.10.2:6443",
        "100.64.10.4:6443",
    ]
    assert "listen 100.64.10.1:6443" in text
    assert "allow 100.64.10.0/24;\n        deny all;" in text


def test_a_gateway_that_is_a_control_plane_answers_itself() -> None:
    hosts = tuple(
        host.model_copy(update={"roles": ("gateway", *host.roles)})
        if host.name == "core2"
        else host.model_copy(update={"roles": tuple(role for role in host.roles if role != "gateway")})
        for host in THREE.hosts
    )
    cluster = THREE.model_copy(update={"hosts": hosts})
    assert not api_endpoint.is_forwarded(cluster)
    assert api_endpoint.target_for(cluster, cluster.host("edge1")).name == "core2"
    (told,) = roles.warnings(cluster)
    assert told.startswith("core2 is gateway and control plane")
    assert not list(roles.warnings(THREE))


def test_a_name_stays_where_it_leads_until_what_it_shall_lead_to_answers() -> None:
    wanted = {"100.64.10.1": ["n1"], "100.64.10.2": ["n2", "api.example"]}
    assert keep_address(BLOCK, wanted, "api.example") == {"100.64.10.1": ["n1", "api.example"], "100.64.10.2": ["n2"]}
    assert keep_address(["127.0.0.1 api.example"], wanted, "api.example") == wanted
    assert keep_address([BEGIN, "100.64.10.9 gone api.example", END], wanted, "api.example")["100.64.10.9"] == [
        "api.example"
    ]


def test_stun_is_reached_at_the_coordinator_itself() -> None:
    cluster = declared(**TWO_HOSTS)
    (region,) = yaml.safe_load(render("coordination/derp.yaml.j2", **headscale.derp_map(cluster)))["regions"].values()
    relay, stun = region["nodes"]
    assert (relay["hostname"], relay["stunport"], "ipv4" in relay) == (cluster.coordination_name, -1, False)
    assert (stun["stunonly"], stun["stunport"], stun["ipv4"]) == (True, 3478, str(cluster.coordinator.public_address))


def test_one_host_needs_no_second_hop() -> None:
    cluster = declared()
    assert headscale.is_one_host(cluster)
    (region,) = yaml.safe_load(render("coordination/derp.yaml.j2", **headscale.derp_map(cluster)))["regions"].values()
    (only,) = region["nodes"]
    assert only["stunport"] == 3478
    config = yaml.safe_load(
        render("coordination/headscale.yaml.j2", derp_map="/d", policy="/p", **headscale.headscale(cluster))
    )
    assert (config["listen_addr"], config["trusted_proxies"]) == ("127.0.0.1:8080", ["127.0.0.1/32"])
    assert config["derp"]["urls"] == []
    # All hosts ask for their keys at once, and the CLI alone would give up after five seconds.
    assert config["cli"]["timeout"] == "60s"
    text = render(
        "coordination/nginx.conf.j2",
        with_tls=True,
        certificate="/c",
        key="/k",
        webroot="/w",
        **headscale.nginx(cluster),
    )
    assert "proxy_bind" not in text


def test_without_a_certificate_nginx_only_serves_the_challenge() -> None:
    values = {
        "certificate": "/c",
        "key": "/k",
        "webroot": "/w",
        **headscale.nginx(declared(all={"coordination_port": 8443}, **TWO_HOSTS)),
    }
    bare, whole = (render("coordination/nginx.conf.j2", with_tls=tls, **values) for tls in (False, True))
    assert "ssl" not in bare
    assert "https://$server_name:8443$request_uri" in bare
    assert "proxy_bind 10.1.0.2;" in whole
