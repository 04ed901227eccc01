"""README's sample: the report of tests/cases/healthy.json. `python -m tests.sample build/verify.json` records another run of the reference lab."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from measure.publish import PAGE, counted
from report import checks, terminal
from tests.places import PROJECT
from tests.unit.report import recorded

README = PROJECT / "README.md"
BLOCK = re.compile(r"(?<=```text\n)isthmus · .*?(?=```)", re.DOTALL)


def report() -> str:
    """The report, as verify prints it into a file."""
    measured = recorded.varied([])
    findings = recorded.found(measured)
    words = counted(checks.CHECKS, findings)
    return f"{terminal.render(recorded.declared(), measured, findings, page=str(PAGE), counted=words)}\n"


def shown() -> str:
    """What README has now."""
    found = BLOCK.search(README.read_text())
    return found.group(0) if found else ""


if __name__ == "__main__":
    for path in sys.argv[1:]:
        shutil.copyfile(Path(path), recorded.HEALTHY)
    README.write_text(BLOCK.sub(lambda _: report(), README.read_text()))
