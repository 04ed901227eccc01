"""Let's Encrypt's own small server for tests, built from source like all else."""

from __future__ import annotations

from pathlib import Path

from lab.mirror.build import Build, Say
from lab.mirror.build_cache import Shelf
from lab.mirror.golang import GoProgram
from lab.mirror.request import Wanted, machine_architecture

PEBBLE = GoProgram("github.com/letsencrypt/pebble/v2", ("cmd/pebble",))
VERSION = "2.10.1"


def build_pebble(wanted: Wanted, cache: Path, say: Say) -> Path:
    """The program for this machine, built where it is missing."""
    shelf, here = Shelf(cache), ("pebble", machine_architecture())
    with shelf.locked(say):
        build = Build(wanted, shelf, say)
        build.run(
            [here], {"pebble": lambda build, architecture: build.program("pebble", PEBBLE, VERSION, architecture)}
        )
    return build.made[here] / "bin" / "pebble"
