"""Routing, host names and filters on a host: as wanted, missing, unknown."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from cluster.documents.hosts_file import BEGIN, NO_BREAK, edited
from cluster.documents.iptables import Filters, Rule, corrected
from cluster.observed.network import ForwardingState
from cluster.observed.packages import Package
from cluster.observed.systemd import Unit
from engine.templates import render
from facts.dpkg import Packages
from facts.files import Whole
from facts.network import Forwarding, Mtus, PacketFilter
from facts.paths import Links
from facts.systemd import State
from facts.tls import CertificateState
from operations import deb, iptables, network, nginx, uninstall
from tests.places import CASES
from tests.unit.operations.fake_host import commands

ACTIVE = Unit(loaded=True, active=True, failed=False, enabled=True, needs_reload=False, outdated=False)
OFF = Unit(loaded=False, active=False, failed=False, enabled=False, needs_reload=False, outdated=False)
STANDS = ForwardingState(("10.0.0.0/24",), True, network.CLAMPED)
RULES = (Rule("INPUT", "-i tailscale0"),)
ORACLE = (CASES / "iptables" / "oracle.v4").read_text()


def route(found: ForwardingState | None, unit: Unit | None = ACTIVE) -> list[str]:
    return commands(
        network.forwarding,
        {Forwarding: found, State: unit},
        kept_local=(IPv4Network("10.0.0.0/24"),),
        reads=["/unit"],
        restarted_by=[],
    )


@pytest.mark.parametrize(
    "found",
    [
        ForwardingState((), True, network.CLAMPED),
        ForwardingState(("10.0.0.0/24", "10.0.0.0/24"), True, network.CLAMPED),
        ForwardingState(("10.0.0.0/24", "10.7.0.0/16"), True, network.CLAMPED),
        ForwardingState(("10.0.0.0/24",), False, network.CLAMPED),
        ForwardingState(("10.0.0.0/24",), True, ()),
    ],
)
def test_routing_that_differs_is_made_anew(found: ForwardingState) -> None:
    (only,) = route(found)
    assert only.endswith("systemctl restart isthmus-network.service")


def test_routing_that_stands_is_left_alone() -> None:
    assert route(STANDS) == []
    assert len(route(STANDS, OFF)) == 1


def test_unknown_routing_fails() -> None:
    assert "could not be read" in route(None)[0]


@pytest.mark.parametrize(("found", "count"), [({"flannel.1": 1230}, 1), ({"flannel.1": 1350}, 0), ({"lo": 65536}, 0)])
def test_a_link_that_is_there_is_made_to_carry_what_was_declared(found: dict[str, int], count: int) -> None:
    expected = ["ip link set dev flannel.1 mtu 1350"] * count
    assert commands(network.link_mtu, {Mtus: found}, link="flannel.1", size=1350) == expected
    assert "could not be read" in commands(network.link_mtu, {Mtus: None}, link="flannel.1", size=1350)[0]


def test_links_are_taken_away_where_they_are() -> None:
    for found, expected in ((["flannel.1"], ["set -e; ip link delete flannel.1"]), ([], [])):
        assert commands(uninstall.links, {Links: found}, names=["flannel.1"]) == expected
    assert "could not be read" in commands(uninstall.links, {Links: None}, names=["flannel.1"])[0]


THEIRS = "127.0.0.1 localhost\n"
OURS = "# begin isthmus\n100.64.10.1 n1\n# end isthmus\n"


def names(text: str | None, copy: str, entries: dict[str, list[str]] | None, **given: Any) -> list[str]:
    """`hosts_block` with that /etc/hosts and that copy of our block."""
    held = {network.HOSTS: text, network.BLOCK_COPY: copy}
    return commands(network.hosts_block, {Whole: lambda path: held[path]}, entries=lambda: entries, **given)


def test_the_hosts_file() -> None:
    assert names(THEIRS + OURS, OURS, {"100.64.10.1": ["n1"]}) == []
    assert names(THEIRS + OURS, OURS, {"100.64.10.2": ["n1"]}) == ["sh -s"]
    assert names(THEIRS + OURS, OURS, None, executing=False) == ["true"]
    assert "are not known" in names(THEIRS + OURS, OURS, None)[0]
    assert "could not be read" in names(None, OURS, {"100.64.10.1": ["n1"]})[0]


def test_a_copy_of_the_names_that_is_gone_or_old_is_written_again() -> None:
    for copy in ("", OURS.replace("n1", "n9")):
        assert names(THEIRS + OURS, copy, {"100.64.10.1": ["n1"]}) == ["sh -s"]


def test_the_preview_of_the_hosts_file_knows_what_is_written_before() -> None:
    entries = {"100.64.10.1": ["n1"]}
    assert names(THEIRS, "", entries, after=lambda: entries, executing=False) == []
    assert names(THEIRS, "", entries, after=lambda: entries) == ["sh -s"]
    more = {**entries, "100.64.10.2": ["n2"]}
    assert names(THEIRS, "", more, after=lambda: entries, executing=False) == ["sh -s"]


def keeper(folder: Path) -> str:
    """The script that runs at boot, with files in that folder; hostnamectl notes what it is given."""
    given = {"name": "n1", "copy": str(folder / "copy"), "begin": BEGIN, "no_break": NO_BREAK}
    noted = (
        f'uname() {{ cat {folder}/live; }}; hostnamectl() {{ echo "$2" | tee {folder}/live > {folder}/hostname; }}\n'
    )
    for name in ("live", "hostname"):
        (folder / name).write_text("n1\n")
    return noted + render("tailnet/restore-names.sh.j2", **given).replace("/etc/host", f"{folder}/host")


def test_a_host_that_cloud_init_renamed_has_its_name_back_after_a_boot(tmp_path: Path) -> None:
    script = keeper(tmp_path)
    for file in ("live", "hostname"):
        (tmp_path / file).write_text("instance-20261128\n")
        subprocess.run(["sh", "-c", script], check=True, timeout=20)
        assert [(tmp_path / name).read_text() for name in ("live", "hostname")] == ["n1\n", "n1\n"]


@pytest.mark.parametrize("template", ["127.0.1.1 cloud cloud\n127.0.0.1 localhost\n", "127.0.0.1 localhost", ""])
def test_names_that_cloud_init_took_away_are_back_after_a_boot(template: str, tmp_path: Path) -> None:
    """The host boots twice; then the owner gets the file back that cloud-init has written."""
    hosts, copy = tmp_path / "hosts", tmp_path / "copy"
    script = keeper(tmp_path)
    hosts.write_text(template)
    subprocess.run(["sh", "-c", script], check=True, timeout=20)
    assert hosts.read_text() == template
    copy.write_text(OURS)
    for _ in range(2):
        subprocess.run(["sh", "-c", script], check=True, timeout=20)
        assert hosts.read_text() == edited(template, {"100.64.10.1": ["n1"]})
    assert edited(hosts.read_text(), {}) == template


def admit(found: Filters | None, unit: Unit = OFF) -> list[str]:
    return commands(
        iptables.admit,
        {PacketFilter: found, State: unit},
        rules=RULES,
        script=lambda rules: "script\n" if rules else "",
        unit="[Unit]\n",
    )


def test_filters_that_refuse_nothing_get_nothing() -> None:
    assert admit(Filters("nft", {"nft": ("*filter", ":INPUT ACCEPT [0:0]", "COMMIT")})) == []
    assert admit(Filters("none")) == []


def test_filters_that_refuse_are_corrected_once() -> None:
    assert admit(Filters("nft", {"nft": tuple(ORACLE.splitlines())}, kept=ORACLE)) == ["sh -s"]
    good = corrected(ORACLE, RULES)
    assert admit(Filters("nft", {"nft": tuple(good.splitlines())}, good, "script\n"), ACTIVE) == []
    assert admit(Filters("nft", {"nft": tuple(good.splitlines())}, good, "older\n"), ACTIVE) == ["sh -s"]
    assert admit(Filters("nft", {"nft": tuple(good.splitlines())}, good, "script\n"), OFF) == ["sh -s"]


def test_unknown_filters_fail() -> None:
    assert "could not be read" in admit(None)[0]


def test_nginx_is_tested_before_it_is_restarted() -> None:
    outdated = Unit(loaded=True, active=True, failed=False, enabled=True, needs_reload=False, outdated=True)
    for unit, expected in ((ACTIVE, []), (outdated, ["nginx -t -q"])):
        assert commands(nginx.check_config, {State: unit}, reads=["/x"], written_by=[]) == expected


@pytest.mark.parametrize(("found", "count"), [("valid", 0), ("absent", 1), ("expired", 1), (None, 1)])
def test_a_certificate_is_obtained_only_where_none_is_valid(found: str | None, count: int) -> None:
    asked = commands(
        nginx.certificate,
        {CertificateState: found},
        certificate="/c",
        domain="mesh.example",
        webroot="/w",
        email="a@mesh.example",
    )
    assert len(asked) == count


def test_an_installed_headscale_of_another_version_is_left_alone() -> None:
    found = {Packages: {"headscale": Package("0.28.0", False)}}
    assert commands(deb.package, found, package="headscale", version="0.29.3", download=None, ca=None) == []
