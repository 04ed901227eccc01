"""The packet filters of faults."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import IPv4Network

import pytest

from lab.faults import filters
from lab.world.quirks import text
from lab.world.rules import table
from tests.unit.lab.worlds import behind, world

PODS, SERVICES = IPv4Network("10.244.0.0/16"), IPv4Network("10.96.0.0/12")
AWAY = behind("192.168.1.2", "192.0.2.9", 2222)


def test_a_hard_nat_takes_another_port_for_each_connection() -> None:
    rules = table("f", filters.endpoint_dependent_nat(world(away=AWAY).site("home")))
    assert 'oifname "wan" ip saddr 192.168.1.2 meta l4proto udp snat to 192.0.2.9 fully-random' in rules
    assert 'iifname "wan" meta l4proto udp ct state new udp dport != 3478 drop' in rules


def test_a_small_path_is_silent_and_tells_tcp() -> None:
    rules = table("f", filters.mtu_blackhole())
    assert "icmp code frag-needed drop" in rules
    assert "maxseg size set 1060" in rules


def test_names_of_one_host_are_dropped() -> None:
    rule = filters.drop_dns_of(world(away=AWAY).host("away"))
    assert rule == "ip saddr { 192.168.1.2 } meta l4proto { tcp, udp } th dport 53 drop"


def test_a_closed_port_lets_answers_through() -> None:
    rule = filters.close_port(world(away=AWAY).host("away"), "udp", 41641)
    assert rule == 'iifname "wan" ip daddr { 192.168.1.2 } udp dport 41641 ct state new drop'


def test_the_image_s_rules_stand_in_front_in_their_order() -> None:
    lines = filters.image_rules(text("oracle.rules.v4"), 22022, "lab:x").splitlines()
    assert (lines[0], lines[-1]) == ("*filter", "COMMIT")
    inserted = list(reversed(lines[1:-1]))
    assert all("-m comment --comment lab:x -j" in line for line in inserted)
    incoming = [line for line in inserted if line.startswith("-I INPUT 1 ")]
    assert "RELATED,ESTABLISHED" in incoming[0]
    assert "--dport 22022" in incoming[-2]
    assert "-j REJECT" in incoming[-1]
    assert [line for line in inserted if line.startswith("-I FORWARD 1 ")] == [inserted[-1]]
    assert not any("InstanceServices" in line for line in lines)


@pytest.mark.skipif(not shutil.which("nft"), reason="nftables is one of the lab's prerequisites")
def test_nothing_here_is_refused_by_nft() -> None:
    away = world(away=AWAY)
    everything = (
        filters.endpoint_dependent_nat(away.site("home")),
        filters.mtu_blackhole(),
        filters.forward_chain(
            *filters.ALL_UDP,
            filters.drop_dns_of(away.host("away")),
            filters.drop_to_addresses(away.names.values()),
            filters.drop_to_port(away.dns, 443),
        ),
        filters.forward_chain(
            filters.close_port(away.host("away"), "udp", 41641), filters.close_port(away.host("away"), "tcp", 443)
        ),
        filters.drop_pods(PODS),
        filters.drop_large_pod_packets(PODS),
        filters.drop_web_services(SERVICES),
        filters.drop_upstream_dns(PODS, SERVICES),
        filters.drop_ping(away.host("away").host.lan_address),
    )
    rules = "\n".join(table(f"f{number}", chains) for number, chains in enumerate(everything))
    checked = subprocess.run(["unshare", "-rn", "nft", "-c", "-f", "-"], input=rules, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


def test_blocked_udp_lets_names_through_before_it_drops() -> None:
    """One rule with two unequal ports dropped name service, too: nft compares ports that lie side by side as one."""
    *accepted, last = filters.ALL_UDP
    assert accepted == ["udp dport 53 accept", "udp sport 53 accept"]
    assert last == "meta l4proto udp drop"
