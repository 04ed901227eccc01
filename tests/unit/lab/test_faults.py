"""The lab's faults, without a lab: what each says of itself, and the rules that it lays."""

from __future__ import annotations

import json
import shutil
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from lab import arguments, faults, mirror
from lab.__main__ import main
from lab.failures import LabError
from lab.faults import filters, machines, tailnet
from lab.faults.catalogue import FAULTS
from lab.faults.context import Context, Fault
from lab.world import lifecycle, links, state
from lab.world.plan import plan
from lab.world.quirks import text
from lab.world.rules import table
from report import checks
from tests.lab import expected
from tests.unit.lab.test_world import behind, cluster, world

PODS, SERVICES = IPv4Network("10.244.0.0/16"), IPv4Network("10.96.0.0/12")
AWAY = behind("192.168.1.2", "192.0.2.9", 2222)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> state.Run:
    """A lab of which only the records exist."""
    monkeypatch.setattr(state, "ROOT", tmp_path)
    made = state.Run("t")
    made.create(cluster(away=AWAY))
    return made


def at(place: state.Run, name: str, target: str | None = None) -> Context:
    return faults.context_of(place, name, target)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_in_one_line_what_happens_and_where(name: str) -> None:
    fault = FAULTS[name]
    assert fault.target in ("host", "site", "")
    assert fault.text
    assert "\n" not in fault.text
    assert not fault.text.endswith(".")
    assert callable(fault.apply)
    assert callable(fault.undo)
    assert fault.apply is not fault.undo
    assert fault.text in next(line for line in faults.listing().splitlines() if line.startswith(f"{name} "))


def test_all_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["break", "--list", "--run", "t"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(FAULTS)


def test_without_a_fault_the_list_is_pointed_at(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parse(["heal"])
    assert "heal --list shows them" in capsys.readouterr().err


def recorder(seen: list[str], fails: bool = False) -> Fault:
    def apply(context: Context) -> None:
        seen.append("apply")
        context.save("before")
        if fails:
            raise context.error("is not possible", "of this test")

    return Fault("a test", "site", apply, lambda context: seen.append(f"undo {context.saved()}"))


def test_a_fault_is_recorded_until_it_is_healed(place: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setitem(FAULTS, "udp-blocked", recorder(seen))
    faults.cause(place, "udp-blocked", "home")
    assert faults.in_force(place) == [["udp-blocked", "home"]]
    with pytest.raises(LabError, match=r"is in force already(.|\n)*heal udp-blocked home"):
        faults.cause(place, "udp-blocked", "home")
    faults.cause(place, "udp-blocked", "cloud")
    faults.heal(place, "udp-blocked", "home")
    assert faults.in_force(place) == [["udp-blocked", "cloud"]]
    assert seen == ["apply", "apply", "undo before"]
    assert at(place, "udp-blocked", "home").saved() == ""


def test_what_is_not_broken_can_t_be_healed(place: state.Run) -> None:
    with pytest.raises(LabError, match=r"fault host-gone away(.|\n)*is not in force(.|\n)*none"):
        faults.heal(place, "host-gone", "away")


def test_a_fault_that_is_impossible_leaves_nothing(place: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setitem(FAULTS, "udp-blocked", recorder(seen, fails=True))
    with pytest.raises(LabError, match="of this test"):
        faults.cause(place, "udp-blocked", "home")
    assert seen == ["apply", "undo before"]
    assert faults.in_force(place) == []


def test_the_target_must_be_what_the_fault_happens_to(place: state.Run) -> None:
    with pytest.raises(LabError, match="name one of first, away"):
        at(place, "host-gone")
    with pytest.raises(LabError, match="its sites are cloud, home"):
        at(place, "udp-blocked", "away")
    with pytest.raises(LabError, match="leave away out"):
        at(place, "headscale-stopped", "away")


def test_faults_of_one_router_have_tables_of_their_own(place: state.Run) -> None:
    tables = {at(place, "udp-blocked", "home").table, at(place, "hard-nat", "home").table}
    tables |= {at(place, "dns-broken", "away").table, at(place, "dns-broken", "first").table}
    assert len(tables) == 4


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


def test_registries_are_fewer_than_mirrors() -> None:
    registries = mirror.names.registries()
    assert {"registry.k8s.io", "ghcr.io", "registry-1.docker.io", "k8s.m.daocloud.io"} <= set(registries)
    assert not {"deb.debian.org", "pkgs.k8s.io", "mirrors.aliyun.com", "files.m.daocloud.io"} & set(registries)


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
        filters.drop_pods(PODS),
        filters.drop_large_pod_packets(PODS),
        filters.drop_web_services(SERVICES),
        filters.drop_upstream_dns(PODS, SERVICES),
        filters.drop_ping(away.host("away").host.lan_address),
    )
    rules = "\n".join(table(f"f{number}", chains) for number, chains in enumerate(everything))
    checked = subprocess.run(["unshare", "-rn", "nft", "-c", "-f", "-"], input=rules, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


def test_the_rules_that_keep_a_lan_can_be_added_as_they_were() -> None:
    shown = "0:\tfrom all lookup local\n2500:\tfrom all to 10.0.0.0/24 lookup main\n5270:\tfrom all lookup 52\n"
    assert machines.lan_rules(shown) == ["priority 2500 from all to 10.0.0.0/24 lookup main"]


def test_of_two_registrations_the_last_is_meant() -> None:
    nodes = [{"id": "3", "given_name": "first"}, {"id": "12", "name": "first"}, {"id": "20", "given_name": "away"}]
    assert tailnet.newest_node(nodes, world().host("first")) == nodes[1]
    assert tailnet.newest_node(nodes[2:], world().host("first")) is None


def test_burdens_of_a_wire_add_up_and_go_one_by_one(place: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wires: list[tuple[float, float]] = []
    monkeypatch.setattr(links, "set_link", lambda place, link, delay, loss: wires.append((delay, loss)))
    faults.cause(place, "latency", "cloud")
    faults.cause(place, "loss", "cloud")
    place.update(delay=False)
    links.apply(place, plan("t", place.cluster(), mirror.NAMES), at(place, "loss", "cloud").site)
    faults.heal(place, "latency", "cloud")
    faults.heal(place, "loss", "cloud")
    assert wires == [(205, 0), (205, 5), (200, 5), (0, 5), (0, 0)]
    assert json.loads(place.state_file.read_text())["faults"] == []


def test_blocked_udp_lets_names_through_before_it_drops() -> None:
    """One rule with two unequal ports dropped name service, too: nft compares ports that lie side by side as one."""
    *accepted, last = filters.ALL_UDP
    assert accepted == ["udp dport 53 accept", "udp sport 53 accept"]
    assert last == "meta l4proto udp drop"


def test_the_operators_link_has_a_delay_of_its_own(place: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wires: dict[str, float] = {}
    monkeypatch.setattr(links, "set_link", lambda place, link, delay, loss: wires.update({link.where: delay}))
    lifecycle.set_delay(place, False, 200.0)
    assert wires["the operator"] == 100.0  # each way
    assert {delay for where, delay in wires.items() if where != "the operator"} == {0.0}
    lifecycle.set_delay(place, True)
    assert wires["the operator"] == 100.0
    assert wires["site cloud"] == 5.0


def test_every_fault_has_a_check_and_every_check_a_fault() -> None:
    assert {*expected.EXPECTED, *expected.QUIET} == set(FAULTS)
    # A host's exceptions are declared, not suffered: tests/lab/test_10_faults.py takes the declaration away.
    assert {*expected.EXPECTED.values(), "cgroup-exception"} == {check.name for check in checks.CHECKS}
