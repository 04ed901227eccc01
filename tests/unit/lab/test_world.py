"""What the lab derives from a declared cluster, without making anything."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from cluster.inventory.declare import declare
from cluster.model import Cluster
from lab import arguments
from lab.failures import LabError
from lab.world import readdress, rules, state
from lab.world.addresses import gateway_address
from lab.world.operator import ssh_config
from lab.world.plan import WorldPlan, plan
from lab.world.rules import operator_rules, router_rules

SHARED: dict[str, Any] = {
    "coordination_name": "mesh.example.org",
    "acme_email": "operator@example.org",
    "exceptions": ("container", "cgroup-v1"),
}
MIRRORS = {"registries": {"ghcr.io": ("https://ghcr.example.org",)}}
CLOUD = {"site": "cloud", "lan": "10.0.0.0/24", "nat": "one_to_one", "fabric": "routed", "delay_ms": 5}
HOME = {
    "site": "home",
    "lan": "192.168.1.0/24",
    "nat": "masquerade",
    "blocked": ("ghcr.io", "www.example.org"),
    "mirrors": MIRRORS,
}
OPEN = {"site": "open", "lan": "10.9.0.0/24", "nat": "none", "fabric": "routed"}
SERVED = ("pkgs.k8s.io", "ghcr.io")


def cluster(**hosts: dict[str, Any]) -> Cluster:
    first: dict[str, Any] = {
        **CLOUD,
        "roles": ("gateway", "coordinator", "control_plane"),
        "lan_address": "10.0.0.1",
        "public_address": "203.0.113.1",
        "ssh_hostname": "203.0.113.1",
    }
    return declare({name: {**SHARED, **values} for name, values in {"first": first, **hosts}.items()})


def world(**hosts: dict[str, Any]) -> WorldPlan:
    return plan("t", cluster(**hosts), SERVED)


def behind(address: str, called: str, port: int, **more: Any) -> dict[str, Any]:
    return {**HOME, "lan_address": address, "public_address": called, "ssh_hostname": called, "ssh_port": port, **more}


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


def test_the_gateway_is_the_last_address_that_is_free() -> None:
    lan = IPv4Network("10.0.0.0/29")
    assert gateway_address(lan, []) == IPv4Address("10.0.0.6")
    assert gateway_address(lan, [IPv4Address("10.0.0.6")]) == IPv4Address("10.0.0.5")
    with pytest.raises(LabError, match="no address left"):
        gateway_address(lan, [lan[number] for number in range(1, 7)])


def test_releases_take_turns_and_the_coordinator_is_not_on_the_oldest() -> None:
    hosts = {f"h{n}": behind(f"192.168.1.{n}", "192.0.2.9", 2000 + n) for n in range(2, 5)}
    assert [host.release for host in world(**hosts).hosts] == ["bookworm", "bullseye", "trixie", "bookworm"]
    declared = behind("192.168.1.2", "192.0.2.9", 2222, rehearsal={"release": "trixie"})
    assert world(other=declared).host("other").release == "trixie"


def test_the_operator_stands_where_the_api_is_open_to() -> None:
    values = cluster().hosts[0].model_dump(exclude={"name", "site"})
    opened = declare({"first": {**SHARED, **CLOUD, **values, "api_access": ("192.0.2.64/27",)}})
    assert plan("t", opened, SERVED).operator == IPv4Address("192.0.2.65")


def test_names_lead_to_the_gateway_the_mirror_and_named_hosts() -> None:
    planned = world(called={**HOME, "lan_address": "192.168.1.2", "ssh_hostname": "nas.example.org"})
    assert planned.records["mesh.example.org"] == IPv4Address("203.0.113.1")
    assert planned.records["nas.example.org"] == planned.host("called").ssh_endpoint[0]
    assert set(SERVED) <= set(planned.records)
    assert planned.site("home").blocked == (planned.names["ghcr.io"],)


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


def test_ssh_by_name_uses_what_is_declared() -> None:
    planned = world(away=behind("192.168.1.2", "192.0.2.9", 2222, ssh_user="kim", _sudo=True))
    text = ssh_config(state.Run("t"), planned)
    assert "Host away\n  HostName 192.0.2.9\n  Port 2222\n  User kim\n" in text


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


def test_a_lab_s_name_tells_inventories_apart() -> None:
    names = {state.run_id(Path(path)) for path in ("/a/shop/inventory.py", "/b/shop/inventory.py", "/a/shop/x.py")}
    assert len(names) == 3
    assert all(state.RUN_ID.match(name) for name in names)
    with pytest.raises(LabError, match="is no run id"):
        state.Run("../etc")


def test_what_follows_the_dashes_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    given, rest = arguments.parse(["run", "first", "--run", "t", "--", "sh", "-c", "echo --"])
    assert (given.host, given.run, rest) == ("first", "t", ["sh", "-c", "echo --"])
    with pytest.raises(SystemExit):
        arguments.parse(["run", "first"])
    assert "needs a command after --" in capsys.readouterr().err


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(LabError, match="its hosts are first"):
        world().host("second")
    with pytest.raises(LabError, match="its sites are cloud"):
        world().site("moon")


def test_hosts_may_stand_after_options() -> None:
    given, _ = arguments.parse(["power", "off", "--run", "t", "first", "second", "--inventory", "x.py"])
    assert (given.hosts, given.run, given.inventory) == (["first", "second"], "t", Path("x.py"))


def test_a_world_may_serve_more_than_is_declared(capsys: pytest.CaptureFixture[str]) -> None:
    given, _ = arguments.parse(["up", "--also", "kubernetes=1.36.3", "--also", "headscale=0.29.3"])
    assert given.also == [("kubernetes", "1.36.3"), ("headscale", "0.29.3")]
    assert arguments.parse(["up"])[0].also == []
    for wrong in ("nginx=1.2.3", "kubernetes=1.36", "kubernetes", "architectures=1.2.3"):
        with pytest.raises(SystemExit):
            arguments.parse(["up", "--also", wrong])
        assert f"'{wrong}' is not kubernetes or tailscale or" in capsys.readouterr().err


def test_only_public_addresses_before_a_router_that_translates_may_change_in_a_world_that_is_there() -> None:
    house = behind("192.168.1.2", "192.0.2.9", 2002)
    before = readdress.fixed_parts(world(house=house))
    assert readdress.fixed_parts(world(house=behind("192.168.1.2", "192.0.2.10", 2002))) == before
    assert readdress.fixed_parts(world(house=behind("192.168.1.3", "192.0.2.9", 2002))) != before
    open_one, other = (
        {**OPEN, "lan_address": "10.9.0.2", "public_address": f"198.51.100.{n}", "ssh_hostname": "10.9.0.2"}
        for n in (2, 3)
    )
    assert readdress.fixed_parts(world(other=open_one)) != readdress.fixed_parts(world(other=other))
