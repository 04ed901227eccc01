"""The page: one file, without a script, readable by everybody, at a phone's width too."""

from __future__ import annotations

import html
import itertools
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from report import page
from tests.report.recorded import PROJECT, declared, found, varied

CHROMIUM = shutil.which("chromium")
# In a closed network Chromium's own errands are refused, many at a time.
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--hide-scrollbars",
]  # fmt: skip
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")
WIDTHS = (390, 1280)


def rendered(case: str = "two-faults") -> str:
    changes = json.loads((PROJECT / f"tests/report/cases/{case}.json").read_text())["change"] if case else []
    measured = varied(changes)
    return page.render(declared(), measured, found(measured))


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
def test_structure(case: str) -> None:
    text = rendered(case)
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
    assert all(attributes.get("role") == "img" and attributes.get("aria-labelledby") for attributes in read.all("svg"))


def test_nothing_is_fetched_and_nothing_runs() -> None:
    text = rendered()
    read = Reader(text)
    assert read.all("script", "link", "iframe", "img", "object") == []
    assert [
        name for _, attributes in read.tags for name in attributes if name.startswith("on") or name in ("src", "href")
    ] == []
    assert "@import" not in text
    assert "url(" not in text


def test_what_hosts_said_is_text() -> None:
    evil = "<script>alert(1)</script>"
    measured = varied([["hosts.oci4.reached", False], ["hosts.oci4.clock_offset_s", None], ["hosts.oci4.error", evil]])
    text = page.render(declared(), measured, found(measured))
    assert evil not in text
    assert html.escape(evil, quote=False) in text


def test_contrast() -> None:
    """WCAG 2: 4.5 to 1 for text, in light and in dark."""
    styles = re.findall(r":root \{(.*?)\}", rendered(), re.S)
    pairs = [("text", "page"), ("text", "box"), ("faint", "page"), ("faint", "box"), ("none-text", "none-box")]
    pairs += [(f"{kind}", f"{kind}-box") for kind in ("good", "warn", "bad")]
    pairs += [(kind, ground) for kind in ("good", "warn", "bad") for ground in ("page", "box")]
    assert len(styles) == 2
    for style in styles:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", style))
        weak = [(one, other) for one, other in pairs if contrast(colours[one], colours[other]) < 4.5]
        assert weak == []


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@NEEDS_CHROMIUM
@pytest.mark.parametrize("width", WIDTHS)
def test_fits_the_screen(tmp_path: Path, width: int) -> None:
    """Nothing but the scrolling boxes is wider than the screen."""
    (tmp_path / "index.html").write_text(rendered())
    frame = f'<iframe id="f" src="index.html" width="{width}" height="900" style="border:0"></iframe>'
    script = "f.onload = () => { document.body.dataset.wide = f.contentDocument.documentElement.scrollWidth }"
    (tmp_path / "frame.html").write_text(f"<!doctype html><body>{frame}<script>{script}</script></body>")
    shown = browse(tmp_path, "--virtual-time-budget=5000", "--dump-dom", str(tmp_path / "frame.html"))
    wide = re.search(r'data-wide="(\d+)"', shown)
    assert wide, shown[-500:]
    assert int(wide[1]) <= width


@NEEDS_CHROMIUM
@pytest.mark.parametrize("width", WIDTHS)
def test_screenshot(tmp_path: Path, width: int) -> None:
    (tmp_path / "index.html").write_text(rendered())
    browse(
        tmp_path, f"--screenshot={tmp_path / 'shown.png'}", f"--window-size={width},2400", str(tmp_path / "index.html")
    )
    header = (tmp_path / "shown.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(header[16:20], "big") >= width


def browse(folder: Path, *arguments: str) -> str:
    words = [str(CHROMIUM), *QUIET, f"--user-data-dir={folder / 'profile'}", *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
