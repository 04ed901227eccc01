"""Two tables that fit a terminal of 80 columns, however many hosts there are."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cluster.observed.tailscale import Path
from report import tables
from report.measurement import HostMeasured
from tests.unit.report import synthetic

HERE = HostMeasured("here", "site", ())


@pytest.mark.parametrize(
    ("path", "cell", "words"),
    [
        (Path("direct", 103.6), "104", "direct 104 ms"),
        (Path("direct", 0.31), "<1", "direct <1 ms"),
        (Path("direct", 0.97), "1", "direct 1 ms"),
        (Path("relayed", 212.4), "212r", "relayed 212 ms"),
        (Path("none"), "✗", "no path"),
        (Path("direct"), "?", "direct ? ms"),
        (None, "?", "not measured"),
    ],
)
def test_a_path_is_four_characters(path: Path | None, cell: str, words: str) -> None:
    found = replace(HERE, paths={"there": path} if path else {})
    assert (tables.cell(found, "there"), tables.words(found, "there")) == (cell, words)
    assert tables.cell(found, "here") == "·"


@pytest.mark.parametrize("sites", [1, 2, 5, 6, 11, 12])
@pytest.mark.parametrize("ending", ["", "-a-b-c", "-with-a-name-as-long-as-anyone-would-write"])
def test_every_table_fits_80_columns(sites: int, ending: str) -> None:
    cluster = synthetic.homes(sites, ending)
    measured = synthetic.measured(cluster)
    for table in (tables.hosts(cluster, measured, 80), tables.matrix(measured, 80)):
        assert [line for line in table.splitlines() if len(line) > 80] == []


def test_every_path_of_many_hosts_is_shown_once() -> None:
    """Columns are numbered as the rows are; the legend is there once."""
    measured = synthetic.measured(synthetic.homes(12))
    text = tables.matrix(measured, 80)
    assert text.count(tables.LEGEND) == 1
    heads = [line.split() for line in text.splitlines() if re.fullmatch(r"[ \d]+", line)]
    assert [number for head in heads for number in head] == [str(number) for number in range(1, 26)]
    rows = re.findall(r"^ *(\d+) (\S+) (.*)$", text, re.MULTILINE)
    cells = {name: [cell for number, row, line in rows if row == name for cell in line.split()] for _, name, _ in rows}
    for at, host in enumerate(measured.hosts):
        assert cells[host.name] == [tables.cell(host, other.name) for other in measured.hosts]
        assert cells[host.name][at] == "·"


def test_names_head_the_columns_if_they_fit() -> None:
    text = tables.matrix(synthetic.measured(synthetic.homes(2)), 80)
    assert text.splitlines()[1].split() == ["hub", "box0-1", "box0-2", "box1-1", "box1-2"]


def test_roles_are_abbreviated_before_names_are_cut() -> None:
    cluster = synthetic.homes(1, "-12345")
    measured = synthetic.measured(cluster)
    assert "gateway, coordinator, control plane" in tables.hosts(cluster, measured, 120)
    narrow = tables.hosts(cluster, measured, 80)
    assert " gw co cp " in narrow
    assert "box0-1-12345" in narrow


def test_a_role_has_a_word() -> None:
    assert tables.role(()) == "tailnet only"
    assert tables.role(("gateway", "control_plane")) == "gateway, control plane"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("tencent01", "tencent01"), ("exactly-12-x", "exactly-12-x"), ("a-very-long-name-of-host-1", "a-very…ost-1")],
)
def test_a_long_name_keeps_both_its_ends(name: str, shown: str) -> None:
    assert tables.short(name) == shown
    assert len(shown) <= tables.SHORT
