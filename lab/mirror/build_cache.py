"""The cache of built artifacts, each in a folder named by component, version, architecture and recipe."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def recipe_hash(recipe: Any) -> str:
    """Twelve hex digits of a recipe's hash: the cache key."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True, default=str).encode()).hexdigest()[:12]


class BuildCache:
    """The cache folder. An artifact is complete or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir(parents=True, exist_ok=True)

    def path(self, component: str, version: str, architecture: str, recipe: Any) -> Path:
        """The folder of an artifact, whether it exists or not."""
        return self.folder / "artifacts" / component / version / f"{architecture}-{recipe_hash(recipe)}"

    def create(self, target: Path, make: Callable[[Path], None]) -> Path:
        """Run `make` on an empty folder and, if it succeeds, move that folder to `target`."""
        if target.is_dir():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{target.parent.parent.name}-", dir=self.work))
        try:
            make(draft)
            draft.chmod(0o755)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return target

    @contextmanager
    def locked(self, progress: Callable[[str], None]) -> Iterator[None]:
        """Hold the cache's lock; another build of the same cache waits."""
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress("mirror: another build uses this cache; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def remove_leftovers(self) -> None:
        """Remove the folders of interrupted builds; call it only while holding the lock."""
        for leftover in self.work.iterdir():
            shutil.rmtree(leftover, ignore_errors=True)
