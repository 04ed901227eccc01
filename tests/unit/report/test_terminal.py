"""The text: what is said, in which order, how wide, and in which colours."""

from __future__ import annotations

import io
import json

import pytest

from report import terminal
from tests import sample
from tests.unit.report.recorded import CASES, PROJECT, declared, found, varied


def shown(case: str = "", *, style: terminal.Style = terminal.Style(), verbose: bool = False) -> str:  # noqa: B008
    changes = json.loads((PROJECT / f"tests/cases/report/{case}.json").read_text())["change"] if case else []
    measured = varied(changes)
    return terminal.render(
        declared(),
        measured,
        found(measured),
        style,
        verbose=verbose,
        page="build/report/index.html",
        counted="34 of 36 checks passed",
    )


@pytest.mark.parametrize("case", ["", *(case.stem for case in CASES)])
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("width", [terminal.WIDTH, terminal.WIDEST])
def test_fits_in_the_columns(case: str, verbose: bool, width: int) -> None:
    text = shown(case, style=terminal.Style(width=width), verbose=verbose)
    assert [line for line in text.splitlines() if len(line) > width] == []


def test_order() -> None:
    text = shown("two-faults")
    places = [
        text.index(part)
        for part in (
            "isthmus · 6 hosts",
            "host  ",
            "Paths, row to column",
            "✗ tailnet-down",
            "✗ clock-skew",
            "2 problems",
        )
    ]
    assert places == sorted(places)
    assert text.splitlines()[-1] == "2 problems, 2 warnings · 34 of 36 checks passed · build/report/index.html"


def test_the_first_finding_of_a_check_names_its_section() -> None:
    text = shown("two-faults")
    assert [line for line in text.splitlines() if "docs/" in line] == [
        f"    see   docs/checks.md#{name}" for name in ("tailnet-down", "clock-skew", "cgroup-exception")
    ]
    assert text.count("! cgroup-exception") == 2


def test_hosts_in_the_order_of_the_inventory() -> None:
    names = [host.name for host in declared().hosts]
    rows = [line.split()[0] for line in shown().splitlines() if line.startswith(tuple(names))]
    assert rows[: 2 * len(names)] == names * 2


def test_nothing_blank_where_nothing_was_measured() -> None:
    assert "unknown" in shown("host-gone")


def test_readme_has_such_a_report() -> None:
    """`python -m tests.sample` writes it."""
    assert sample.shown() == sample.report()


def test_evidence_only_on_demand() -> None:
    assert "$ " not in shown("route-withdrawn")
    assert "    $ ip -4 route show table 52" in shown("route-withdrawn", verbose=True)


def test_plain_unless_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal.Style.of(io.StringIO()) == terminal.Style(False)
    assert terminal.Style.of(Terminal()) == terminal.Style(True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.Style.of(Terminal()) == terminal.Style(False)
    assert "\033[" not in shown("two-faults")
    assert "\033[31m✗ tailnet-down\033[0m" in shown("two-faults", style=terminal.Style(True))
