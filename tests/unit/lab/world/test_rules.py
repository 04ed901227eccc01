"""The packet filters of routers."""

from __future__ import annotations

from lab.world.rules import operator_rules, router_rules
from tests.unit.lab.worlds import HOME, OPEN, behind, world


def test_one_to_one_hosts_are_seen_by_their_public_address_in_their_own_site() -> None:
    text = router_rules(world().site("cloud"))
    assert "ip daddr 203.0.113.1 dnat to 10.0.0.1" in text
    assert "ct status dnat ip saddr 10.0.0.1 snat to 203.0.113.1" in text


def test_a_routed_fabric_checks_source_and_destination() -> None:
    text = router_rules(world().site("cloud"))
    assert 'iifname "h1" ip saddr != { 10.0.0.1 } drop' in text
    assert 'oifname "h1" ip daddr != { 10.0.0.1 } drop' in text


def test_a_host_without_translation_may_send_from_both_its_addresses() -> None:
    host = {**OPEN, "lan_address": "10.9.0.2", "public_address": "192.0.2.7", "ssh_hostname": "192.0.2.7"}
    assert 'iifname "h2" ip saddr != { 10.9.0.2, 192.0.2.7 } drop' in router_rules(world(bare=host).site("open"))


def test_a_home_router_drops_what_nobody_asked_for_also_to_itself() -> None:
    text = router_rules(world(away=behind("192.168.1.2", "192.0.2.9", 2222)).site("home"))
    body = text[text.index("chain input") :]
    assert 'iifname "wan" drop' in body
    assert 'iifname "wan" ip daddr 192.0.2.9 tcp dport 2222 dnat to 192.168.1.2:22' in text


def test_blocked_names_time_out() -> None:
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222))
    assert f"ip daddr {{ {planned.names['ghcr.io']} }} drop" in router_rules(planned.site("home"))
    assert "pkgs.k8s.io" not in router_rules(planned.site("home"))


def test_hosts_behind_one_router_have_different_ways_in() -> None:
    inside = {**HOME, "lan_address": "192.168.1.2", "ssh_hostname": "192.168.1.2"}
    other = {**HOME, "lan_address": "192.168.1.3", "ssh_hostname": "other.example.org"}
    planned = world(inside=inside, other=other)
    assert planned.host("inside").ssh_endpoint != planned.host("other").ssh_endpoint
    address, port = planned.host("inside").ssh_endpoint
    assert f"ip daddr 192.168.1.2 tcp dport 22 dnat to {address}:{port}" in operator_rules(planned)


def test_a_host_that_is_called_by_its_public_address_needs_no_translation() -> None:
    assert "dnat" not in operator_rules(world())


def test_a_router_forwards_the_declared_ports() -> None:
    ports = ("443/tcp", "3478/udp")
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222, forwarded_ports=ports))
    text = router_rules(planned.site("home"))
    assert 'iifname "wan" ip daddr 192.0.2.9 tcp dport 443 dnat to 192.168.1.2:443' in text
    assert 'iifname "wan" ip daddr 192.0.2.9 udp dport 3478 dnat to 192.168.1.2:3478' in text
