"""python -m bench PART: measure one part, or all of them, and write the page."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import first, growth, idle, page, pods
from cluster.problems import ModelError
from lab import mirror, prerequisites
from lab.failures import Interrupted, LabError
from lab.interrupts import interruptible
from lab.world.state import PROJECT

PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "idle": idle.part,
    "growth": growth.part,
    "first": first.part,
    "pods": pods.part,
}
EPILOG = "Results: bench/results/PART.json and build/bench/index.html; what is measured and how: bench/README.md"


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options; `--quick`: one repetition, one delay."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("part", choices=(*PARTS, "all", "page"), help="page: only write the page again")
    parser.add_argument("--quick", action="store_true", help="one sample of each, at 100 ms: to see that it works")
    parser.add_argument("--delays", type=float, nargs="+", metavar="MS", help="round trips (idle); default: 0 100 200")
    parser.add_argument("--repeat", type=int, metavar="N", help="samples of each; default: 3, and 5 of the cheap ones")
    parser.add_argument("--only", nargs="+", choices=idle.ORDER, help="contestants (idle); default: all")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="hosts (growth); default: 6 24 96")
    parser.add_argument("--inventory", type=Path, default=PROJECT / "inventory.py", metavar="PATH")
    parser.add_argument("--run", default="bench", metavar="ID", help="id of the lab; default: bench")
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    given = parser.parse_args(words)
    given.command = " ".join(["python -m bench", *words])
    given.delays = given.delays or ([100.0] if given.quick else [0.0, 100.0, 200.0])
    given.sizes = given.sizes or ([6, 24] if given.quick else [6, 24, 96])
    given.repeat = given.repeat or (1 if given.quick else 3)
    return given


def main(words: Sequence[str]) -> int:
    """The exit code: 0, 1 after an error, 130 after an interruption."""
    given = parse(words)
    try:
        if given.part != "page":
            prerequisites.check()
            with interruptible():
                for name in PARTS if given.part == "all" else (given.part,):
                    print(f"── {name}", flush=True)
                    PARTS[name](given)
        print(f"written: {page.write()}")
    except (LabError, ModelError, mirror.MirrorError, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt) as interruption:
        print(f"\n{interruption or 'interrupted'}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
