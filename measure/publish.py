"""Where a measurement goes: the JSON file, the page, and standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cluster.model import Cluster
from engine.command_line import option
from measure import ask, dot
from report import checks, page, terminal
from report.findings import Check, Finding
from report.measurement import Measurement

PAGE = Path("build/report/index.html")
JSON = "build/verify.json"


def publish(declared: Cluster, found: Measurement, wanted: Sequence[Check], findings: tuple[Finding, ...]) -> None:
    """Write the JSON file and the page; print the text, or with pyinfra's --json the JSON."""
    passed = len(checks.passed(wanted, findings))
    values = {**found.to_json(), **checks.to_json(findings), "checks": {"made": len(wanted), "passed": passed}}
    printed = json.dumps(values, indent=2, ensure_ascii=False)
    write_private(Path(ask.data("json") or JSON), f"{printed}\n")
    words = counted(wanted, findings)
    write_private(PAGE, page.render(declared, found, findings, dot.svg, counted=words))
    if option("json_output"):
        print(printed, flush=True)
        return
    text = terminal.render(
        declared,
        found,
        findings,
        terminal.Style.of(sys.stdout),
        verbose=bool(option("verbosity")),
        page=str(PAGE),
        counted=words,
    )
    print(text, flush=True)


def counted(wanted: Sequence[Check], findings: tuple[Finding, ...]) -> str:
    """How many of the checks passed, in words."""
    return f"{len(checks.passed(wanted, findings))} of {len(wanted)} checks passed"


def write_private(target: Path, text: str) -> None:
    """Write a file that its owner alone may read: it has logs, listeners and addresses of all hosts."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
    part.replace(target)
