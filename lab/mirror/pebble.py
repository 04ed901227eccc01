"""pebble, Let's Encrypt's ACME server for tests, built from source."""

from __future__ import annotations

from pathlib import Path

from lab.mirror.build import Build, Progress
from lab.mirror.build_cache import BuildCache
from lab.mirror.golang import GoProgram
from lab.mirror.request import Request, machine_architecture

PEBBLE = GoProgram("github.com/letsencrypt/pebble/v2", ("cmd/pebble",))
VERSION = "2.10.1"


def build_pebble(request: Request, cache: Path, progress: Progress) -> Path:
    """The program for this machine, built if it is missing."""
    build_cache, here = BuildCache(cache), ("pebble", machine_architecture())
    with build_cache.locked(progress):
        build = Build(request, build_cache, progress)
        build.run(
            [here], {"pebble": lambda build, architecture: build.program("pebble", PEBBLE, VERSION, architecture)}
        )
    return build.made[here] / "bin" / "pebble"
