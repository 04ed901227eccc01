"""The page in a real browser: at a phone's width and a wide one, light and dark, on paper; nothing cut off, nothing inaccessible.

What it looks like is written to build/screenshots, for a person to look at.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, sync_playwright

from lab.load_inventory import load
from measure import dot
from report import page
from tests.unit.report.recorded import PROJECT, declared, found, varied
from tests.unit.report.synthetic import homes, measured
from tests.unit.report.test_page import changes

CHROMIUM = shutil.which("chromium")
LACKING = " and ".join(
    name for name, program in (("chromium", "chromium"), ("graphviz", "dot")) if not shutil.which(program)
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        LACKING != "", reason=f"no {LACKING} on this machine: make setup-lab, or apt-get install {LACKING}"
    ),
]
# In a closed network Chromium's own errands are refused, many at a time.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
RECORDED = ("", "two-faults", "udp-blocked", "host-gone")
OTHERS = ("one-site", "five-sites", "three-control-planes", "many-hosts", "long-names")
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")


@cache
def rendered(case: str) -> str:
    if case in RECORDED:
        values = varied(changes(case))
        return page.render(declared(), values, found(values), dot.svg)
    made = {
        "many-hosts": lambda: homes(6),
        "long-names": lambda: homes(2, "-with-a-name-as-long-as-anyone-would-write"),
    }
    cluster = made[case]() if case in made else load(PROJECT / f"tests/inventories/{case}/inventory.py")
    return page.render(cluster, measured(cluster), (), dot.svg)


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page()
        browser.close()


@pytest.fixture
def shown(tab: Page, tmp_path: Path, case: str, width: int, scheme: str) -> Iterator[Page]:
    """The page as a reader has it; it asks for nothing but itself."""
    file = tmp_path / "index.html"
    file.write_text(rendered(case))
    tab.set_viewport_size({"width": width, "height": 844})
    tab.emulate_media(color_scheme=scheme, media="screen")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    tab.on("request", note)
    tab.goto(file.as_uri())
    yield tab
    tab.remove_listener("request", note)
    assert asked == [file.as_uri()]


looked_at = pytest.mark.parametrize(
    ("case", "width", "scheme"),
    [
        (case, width, scheme)
        for case in ("", "two-faults", "udp-blocked", "many-hosts")
        for width in WIDTHS
        for scheme in SCHEMES
    ],
)
# Colours don't move anything.
at_both_widths = pytest.mark.parametrize(
    ("case", "width", "scheme"), [(case, width, "light") for case in (*RECORDED, *OTHERS) for width in WIDTHS]
)


@looked_at
def test_looks(shown: Page, case: str, width: int, scheme: str) -> None:
    """A picture of the whole page, and axe finds nothing to mend in it, with everything unfolded."""
    folder = PROJECT / "build/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    picture = shown.screenshot(path=folder / f"{case or 'healthy'}-{width}-{scheme}.png", full_page=True)
    height = shown.evaluate("document.documentElement.scrollHeight")
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (width, height)
    unfold(shown)
    results = Axe().run(shown)
    assert results.violations_count == 0, results.generate_report()


@at_both_widths
def test_nothing_is_cut_off_or_small(shown: Page, width: int) -> None:
    unfold(shown)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.evaluate(SMALL) == []
    assert shown.evaluate(OUTSIDE) == []
    assert len(shown.evaluate("[...document.querySelectorAll('svg.topology')].filter(one => one.clientWidth)")) == 1


@pytest.mark.parametrize(("case", "width", "scheme"), [("two-faults", 390, "light")])
def test_on_paper_the_evidence_is_unfolded(shown: Page) -> None:
    assert not shown.locator(".finding pre").first.is_visible()
    shown.emulate_media(media="print")
    assert shown.locator(".finding pre").first.is_visible()


def unfold(shown: Page) -> None:
    shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


# Texts of less than 11 pixels on the screen, whatever a picture is scaled to.
SMALL = """() => {
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !one.getClientRects().length || one.closest('title')) continue;
    const matrix = one instanceof SVGTextElement ? one.getScreenCTM() : null;
    const size = parseFloat(getComputedStyle(one).fontSize) * (matrix ? Math.hypot(matrix.a, matrix.b) : 1);
    if (size < 11) found.push(`${size.toFixed(1)}: ${one.textContent.slice(0, 40)}`);
  }
  return found;
}"""
# Texts that stand out of their picture, or out of the box that they are written in.
OUTSIDE = """() => {
  const found = [];
  for (const text of document.querySelectorAll('svg text')) {
    if (!text.getClientRects().length) continue;
    const inner = text.getBoundingClientRect();
    const box = text.closest('.node, .cell')?.querySelector('path, rect');
    for (const one of [text.ownerSVGElement, box, text.closest('.cluster')?.querySelector('path')]) {
      if (!one) continue;
      const outer = one.getBoundingClientRect();
      if (inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5 || inner.top < outer.top - 0.5 || inner.bottom > outer.bottom + 0.5)
        found.push(`${text.textContent} in ${one.tagName}`);
    }
  }
  return found;
}"""
