"""The page: one file, without a script, readable by everybody, at a phone's width too."""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from measure import publish
from report import page
from report.findings import DOCS
from report.topology import NotDrawn
from tests.unit.report.recorded import PROJECT, declared, found, healthy, varied
from tests.unit.report.synthetic import homes, measured

# What dot writes, shortened: names that a page may hold once, titles, comments.
DRAWN = """<?xml version="1.0"?>
<svg width="9pt" height="9pt" viewBox="0.00 0.00 300.00 90.50" xmlns="http://www.w3.org/2000/svg">
<g id="graph0" class="graph"><title>%3</title>
<!-- tailnet -->
<g id="node1" class="node tailnet"><title>tailnet</title><text>tailnet</text></g>
</g>
</svg>
"""


def drawn(source: str) -> str:
    return DRAWN


def missing(source: str) -> str:
    raise NotDrawn("graphviz is not installed: apt-get install graphviz")


def rendered(case: str = "two-faults", draw: Callable[[str], str] = drawn) -> str:
    values = varied(changes(case))
    return page.render(declared(), values, found(values), draw)


def changes(case: str) -> list[tuple[str, Any]]:
    return json.loads((PROJECT / f"tests/cases/report/{case}.json").read_text())["change"] if case else []


class Reader(HTMLParser):
    """What assistive programs go by."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br", "hr", "img", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.mark.parametrize("case", ["", "two-faults", "udp-blocked"])
@pytest.mark.parametrize("draw", [drawn, missing])
def test_structure(case: str, draw: Callable[[str], str]) -> None:
    text = rendered(case, draw)
    read = Reader(text)
    assert (read.open, read.unclosed) == ([], [])
    assert read.all("html") == [{"lang": "en"}]
    assert len(read.all("title")) >= 1
    assert len(read.all("main")) == len(read.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    assert all(attributes.get("scope") in ("col", "row") for attributes in read.all("th"))
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {name for _, attributes in read.tags if (name := attributes.get("aria-labelledby"))} <= set(ids)
    assert {name for _, attributes in read.tags if (name := attributes.get("aria-describedby"))} <= set(ids)
    pictures = [attributes for attributes in read.all("svg") if attributes.get("aria-hidden") != "true"]
    assert len(pictures) == (3 if draw is drawn else 1)
    assert all(attributes.get("role") == "img" and attributes.get("aria-labelledby") for attributes in pictures)


def test_says_where_what_why_and_fix() -> None:
    text = rendered("two-faults")
    (problem, *_), after = found(varied(changes("two-faults"))), text[text.index("<main>") :]
    for part in (
        problem.check.name,
        problem.problem.where,
        problem.problem.what,
        problem.problem.why,
        problem.problem.fix,
    ):
        assert html.escape(part, quote=False) in after
    assert problem.consequences
    assert all(f"{below.check.name} {below.problem.where}" in after for below in problem.consequences)
    assert all(html.escape(said.command)[:200] in after for said in problem.evidence)
    assert "<details><summary>Evidence" in after
    at = healthy()["measured_at"]
    assert f'<time datetime="{at}">{at[:10]} {at[11:19]} UTC</time>' in text


def test_without_graphviz_the_page_says_so_and_has_words() -> None:
    text = rendered("", missing)
    assert "No picture: graphviz is not installed: apt-get install graphviz" in text
    assert '<details open><summary>In words</summary><ul id="topology-words">\n<li>Site oracle, 10.0.0.0/24' in text


def test_a_node_of_a_silent_host_is_not_called_absent() -> None:
    values = varied([("hosts.oci4.reached", False), ("hosts.oci4.node", None)])
    text = page.render(declared(), values, found(values), drawn)
    assert text.count('data-label="node">unknown') == 1
    assert 'data-label="node">absent' not in text


def test_a_picture_wider_than_the_page_is_left_out() -> None:
    wide = DRAWN.replace(" 300.00 ", " 1000.00 ")
    cluster = homes(1)
    text = page.render(cluster, measured(cluster), (), lambda source: wide if "rankdir=TB" in source else DRAWN)
    assert 'class="topology tall"' in text
    assert 'class="topology broad"' not in text


def test_no_square_says_by_colour_alone() -> None:
    """Shape and text differ too: what is relayed is round, what has no path says so."""
    text = rendered("udp-blocked")
    assert re.search(r'<g class="cell wrong"><title>[^<]* should be direct</title>\s*<rect [^>]*rx="14"', text)
    assert re.search(r'<g class="cell direct"><title>[^<]*</title>\s*<rect [^>]*rx="4"', text)
    assert re.search(r'<g class="cell none">.*?<rect [^>]*rx="0"/><text [^>]*>none</text>', text, re.S)


def test_nothing_is_fetched_and_nothing_runs() -> None:
    text = rendered()
    read = Reader(text)
    assert read.all("script", "link", "iframe", "img", "object") == []
    assert [name for _, attributes in read.tags for name in attributes if name.startswith("on") or name == "src"] == []
    assert {tag for tag, attributes in read.tags if "href" in attributes} == {"a"}
    assert "@import" not in text
    assert "url(" not in text


def test_the_browser_is_told_so_too() -> None:
    (policy,) = [one["content"] for one in Reader(rendered()).all("meta") if "http-equiv" in one]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_each_finding_links_to_its_section() -> None:
    """From the folder that verify writes the page to."""
    text = rendered()
    findings = found(varied(changes("two-faults")))
    links = [str(attributes["href"]) for attributes in Reader(text).all("a")]
    assert links == [f"../../{finding.check.docs}" for finding in findings]
    assert {(PROJECT / publish.PAGE.parent / link.partition("#")[0]).resolve() for link in links} == {PROJECT / DOCS}


def test_what_hosts_said_is_text() -> None:
    evil = "<script>alert(1)</script>"
    values = varied([["hosts.oci4.reached", False], ["hosts.oci4.clock_offset_s", None], ["hosts.oci4.error", evil]])
    text = page.render(declared(), values, found(values), drawn)
    assert evil not in text
    assert html.escape(evil, quote=False) in text


def test_contrast() -> None:
    """WCAG 2: 4.5 to 1 for text, 3 to 1 for lines that mean something, in light and in dark."""
    styles = re.findall(r":root \{(.*?)\}", rendered(), re.S)
    pairs = [("text", "page"), ("text", "box"), ("faint", "page"), ("faint", "box"), ("none-text", "none-box")]
    pairs += [(f"{kind}", f"{kind}-box") for kind in ("good", "warn", "bad")]
    pairs += [(kind, ground) for kind in ("good", "warn", "bad") for ground in ("page", "box")]
    assert len(styles) == 2
    drawings = [(kind, ground) for kind in ("edge", "login", "warn", "bad") for ground in ("page", "box")]
    for style in styles:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", style))
        weak = [(one, other) for one, other in pairs if contrast(colours[one], colours[other]) < 4.5]
        assert weak == []
        assert [pair for pair in drawings if contrast(colours[pair[0]], colours[pair[1]]) < 3] == []


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
