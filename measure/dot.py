"""Pictures by graphviz, on the machine that runs the deploy."""

from __future__ import annotations

import subprocess

from report.topology import NotDrawn

LIMIT_S = 10


def svg(source: str) -> str:
    """The graph, written in dot's language, as SVG; NotDrawn if graphviz is absent or fails."""
    try:
        done = subprocess.run(
            ["dot", "-Tsvg"], input=source, capture_output=True, encoding="utf-8", errors="replace", timeout=LIMIT_S
        )
    except FileNotFoundError:
        raise NotDrawn(
            "graphviz is not installed on the machine that ran verify: apt-get install graphviz (brew install graphviz)"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotDrawn(f"graphviz could not be used ({error}): try `dot -V`") from error
    if done.returncode:
        printed = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise NotDrawn(f"graphviz ended with {done.returncode} ({printed}): try `dot -V`")
    return done.stdout
