"""Build what a request lacks, each part once, with progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lab.mirror.build_cache import BuildCache
from lab.mirror.golang import Go, GoProgram
from lab.mirror.request import MirrorError, Request, machine_architecture

Progress = Callable[[str], None]
NEAREST = 10


class Build:
    """The build of one request. `made`: (part, architecture) → its folder in the cache."""

    def __init__(self, request: Request, cache: BuildCache, progress: Progress) -> None:
        self.request = request
        self.cache = cache
        self.progress = progress
        self.go = Go(cache.folder)
        self.machine = machine_architecture()
        self.made: dict[tuple[str, str], Path] = {}
        self.position = self.next = ""

    def run(self, plan: list[tuple[str, str]], makers: Mapping[str, Callable[[Build, str], Path]]) -> None:
        """Build every (part, architecture) of the plan, in order."""
        for number, (part, architecture) in enumerate(plan, 1):
            self.position = f"[{number}/{len(plan)}]"
            self.next = " ".join(plan[number]) if number < len(plan) else "the tree"
            self.made[part, architecture] = makers[part](self, architecture)

    def step(self, what: str, target: Path, make: Callable[[Path], None]) -> Path:
        """Build one part, with progress, unless it is cached."""
        if target.is_dir():
            return target
        self.progress(f"mirror: {self.position} {what}: building")
        started = time.monotonic()
        made = self.cache.create(target, make)
        self.progress(f"mirror: {self.position} {what}: done in {time.monotonic() - started:.0f} s; next: {self.next}")
        return made

    def program(
        self, part: str, program: GoProgram, version: str, architecture: str, sysroot: Path | None = None
    ) -> Path:
        """Build a Go program of a version."""
        target = self.cache.path(part, version, architecture, program.recipe())
        what = f"{part} {version} {architecture}"
        return self.step(what, target, lambda folder: self.go.build(program, version, architecture, folder, sysroot))

    def near_program(self, part: str, recipes: tuple[GoProgram, ...], version: str, architecture: str) -> Path:
        """Build programs of a version or, if the module proxy lacks it, of the nearest patch, named in `built-from`."""
        target = self.cache.path(part, version, architecture, [program.recipe() for program in recipes])

        def make(folder: Path) -> None:
            served = self.nearest([program.module for program in recipes], version)
            for program in recipes:
                self.go.build(program, served, architecture, folder)
            if served != version:
                (folder / "built-from").write_text(served)

        return self.step(f"{part} {version} {architecture}", target, make)

    def nearest(self, modules: list[str], version: str) -> str:
        """The version itself, or the nearest patch that the module proxy has; MirrorError if there is none."""
        minor, text = version.rsplit(".", 1)
        patch = int(text)
        failure: MirrorError | None = None
        for candidate in sorted(range(max(0, patch - NEAREST), patch + NEAREST), key=lambda other: abs(other - patch)):
            try:
                for module in modules:
                    self.go.fetch(module, f"{minor}.{candidate}", self.cache.work)
            except MirrorError as missing:
                failure = failure or missing
                continue
            return f"{minor}.{candidate}"
        raise failure or MirrorError(f"mirror: {modules[0]}: no version near {version}")

    def source(self, program: GoProgram, version: str) -> Path:
        """The source folder of a program's module."""
        return Path(self.go.fetch(program.module, version, self.cache.work)["Dir"])
