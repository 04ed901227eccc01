"""The declared topology: what dot is told, what is kept of its answer, and what happens without it."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import pytest

from cluster.model import Cluster
from lab.load_inventory import load
from measure import dot
from report import topology
from tests.unit.report.recorded import PROJECT, declared
from tests.unit.report.synthetic import homes

NEEDS_DOT = pytest.mark.skipif(not shutil.which("dot"), reason="no graphviz on this machine: apt-get install graphviz")


@cache
def clusters() -> dict[str, Cluster]:
    loaded = {
        name: load(PROJECT / f"tests/inventories/{name}/inventory.py")
        for name in ("five-sites", "three-control-planes")
    }
    return {**loaded, "reference": declared()}


def test_sites_hold_their_hosts_with_role_and_addresses() -> None:
    source = topology.source(declared(), "broad")
    oracle, tencent, home = re.findall(r"subgraph cluster_\d+ \{(.*?)\n\}", source, re.S)
    assert re.findall(r'^"host ([^"]+)"', oracle, re.M) == ["oci1", "oci2", "oci3", "oci4"]
    assert '<b>tencent</b></font><br align="l"/>10.0.16.0/22<br align="l"/>1:1 NAT' in tencent
    assert "<b>tencent01</b></font><br/>worker<br/>10.0.16.2<br/>public\N{NO-BREAK SPACE}198.51.100.21<br/>>" in tencent
    assert "behind a router’s NAT" in home
    assert "public" not in home


def test_arrows_say_where_connections_begin_and_logins_go() -> None:
    source = topology.source(declared(), "broad")
    ways = dict(re.findall(r'tailnet -> "host ([^"]+)" \[class=path dir=(\w+)', source))
    assert ways == {"oci1": "both", "tencent01": "both", "ubuntu01": "back"}
    assert re.findall(r'"host (\w+)" -> "host (\w+)" \[class=login', source) == [("oci1", "oci2")]
    assert source.count("all log in here") == 1


def test_the_relay_stands_between_sites_behind_routers_only() -> None:
    assert "relay" not in topology.source(declared(), "tall")
    source = topology.source(homes(2), "tall")
    assert re.findall(r'"host ([^"]+)" -> relay', source) == ["box0-1", "box1-1"]
    assert [(one.site, other.site) for one, other in topology.may_be_relayed(homes(2))] == [("home0", "home1")]


def test_a_host_in_trouble_has_a_class_and_a_sign() -> None:
    source = topology.source(declared(), "tall", {"oci4"})
    assert re.findall(r'"host ([^"]+)" \[class="host bad"', source) == ["oci4"]
    assert source.count("✗") == 1


def test_one_host_that_is_gateway_and_coordinator_needs_no_arrow() -> None:
    assert "class=login" not in topology.source(homes(1), "tall")


def test_words_say_the_same() -> None:
    words = topology.words(homes(2))
    assert (
        words[0]
        == "Site cloud, 10.0.0.0/24, 1:1 NAT: hub (gateway, coordinator, control plane; 10.0.0.1; public\N{NO-BREAK SPACE}198.51.100.211)"
    )
    assert words[-2] == "Tailnet 100.64.10.0/24: every host is in it, and logs in at https://mesh.example.org on hub."
    assert "between home0 and home1 it may be relayed" in words[-1]
    assert topology.words(declared())[-1] == "Every two hosts should have a direct path."
    assert "which passes logins on to headscale on oci2." in topology.words(declared())[-2]


def test_an_answer_that_is_no_picture_is_none() -> None:
    with pytest.raises(topology.NotDrawn, match="dot -Tsvg"):
        topology.picture(declared(), "tall", (), lambda source: "")


@NEEDS_DOT
@pytest.mark.parametrize("shape", ["tall", "broad"])
def test_dot_draws_every_inventory(shape: topology.Shape) -> None:
    for name, cluster in clusters().items():
        picture = topology.picture(cluster, shape, (), dot.svg)
        assert "id=" not in picture.inner, name
        assert "<title>" not in picture.inner, name
        assert picture.inner.count('class="node host') == len(cluster.hosts), name
        assert picture.inner.count('class="cluster site"') == len(cluster.sites), name


@NEEDS_DOT
@pytest.mark.parametrize("ending", ["", "-with-a-name-as-long-as-anyone-would-write"])
@pytest.mark.parametrize("sites", [1, 6])
def test_the_tall_picture_is_readable_on_a_phone(sites: int, ending: str) -> None:
    pixels = topology.picture(homes(sites, ending), "tall", ("hub",), dot.svg).pixels
    assert topology.SMALL * topology.PIXELS * min(1, 358 / pixels) >= 11


@NEEDS_DOT
@pytest.mark.parametrize("shape", ["tall", "broad"])
def test_hosts_keep_the_order_of_the_inventory(shape: topology.Shape) -> None:
    """From top to bottom, or from left to right and then down."""
    for name, cluster in {**clusters(), "homes": homes(6)}.items():
        inner = topology.picture(cluster, shape, (), dot.svg).inner
        places = [
            (x, y) if shape == "broad" else (y,) for x, y in _places(inner, [host.name for host in cluster.hosts])
        ]
        assert places == sorted(places), name


def _places(inner: str, names: list[str]) -> list[tuple[float, float]]:
    """Where each host's name stands; the names of a column have one x, but for rounding."""
    found = [re.search(rf'<text [^>]*x="([-\d.]+)" y="([-\d.]+)"[^>]*>{name}</text>', inner) for name in names]
    return [(round(float(at[1]) / 40), float(at[2])) for at in found if at]


def test_without_graphviz_the_fix_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(topology.NotDrawn, match="apt-get install graphviz"):
        dot.svg("digraph {}")


@pytest.mark.parametrize(
    ("script", "limit_s", "told"),
    [
        ("echo not found: libgvc >&2; exit 3", 10, r"ended with 3 \(not found: libgvc\)"),
        ("exec /bin/sleep 60", 0.3, "timed out"),
    ],
)
def test_a_dot_that_fails_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, limit_s: float, told: str
) -> None:
    (tmp_path / "dot").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(dot, "LIMIT_S", limit_s)
    with pytest.raises(topology.NotDrawn, match=told):
        dot.svg("digraph {}")
