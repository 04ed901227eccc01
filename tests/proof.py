"""A pytest plugin for `make test-all`: goes on where an earlier run of the same code was interrupted, and writes docs/proof.md."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.places import PROJECT

RECORD = PROJECT / "build" / "proof.json"
PAGE = PROJECT / "docs" / "proof.md"
HEAD = """# What was run, when, with what result

Written by `make test-all`. Each test boots real hosts in the lab of one machine ([lab/README.md](../lab/README.md)); nothing here was tried on real clouds.

| test | result | seconds | code | when |
|---|---|---|---|---|
"""


def code() -> str:
    """The commit that is tested; with `+` where files differ from it."""
    git = ["git", "-C", str(PROJECT)]
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    changes = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True)
    # The page itself is written by the run.
    changed = [line for line in changes.stdout.splitlines() if not line.endswith("docs/proof.md")]
    return f"{commit}+" if changed else commit


def page(record: dict[str, dict[str, Any]]) -> str:
    """docs/proof.md: every test that was ever run, in order of its name."""
    rows = [
        f"| {test.replace('|', ' ')} | {found['result']} | {found['seconds']:.0f} | {found['code']} | {found['when']} |"
        for test, found in sorted(record.items())
    ]
    return HEAD + "\n".join([*rows, ""])


class Proof:
    """What has passed with this very code is left out; what ends is recorded at once."""

    def __init__(self) -> None:
        self.code = code()
        self.record: dict[str, dict[str, Any]] = json.loads(RECORD.read_text()) if RECORD.is_file() else {}

    def is_shown(self, test: str) -> bool:
        """It passed with this code, all of which is in the commit."""
        found = self.record.get(test, {})
        return found.get("result") == "passed" and found.get("code") == self.code and not self.code.endswith("+")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        shown = [item for item in items if self.is_shown(item.nodeid)]
        if shown:
            print(f"\n{len(shown)} tests have passed with {self.code} already")
            config.hook.pytest_deselected(items=shown)
            items[:] = [item for item in items if item not in shown]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
            self.note(report.nodeid, report.outcome, report.duration, when)

    def note(self, test: str, result: str, seconds: float, when: str) -> None:
        """Kept at once: the run may end at any time."""
        self.record[test] = {"result": result, "seconds": seconds, "code": self.code, "when": when}
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(self.record, indent=1))
        PAGE.write_text(page(self.record))

    def pytest_sessionfinish(self) -> None:
        PAGE.write_text(page(self.record))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Proof(), "proof")
