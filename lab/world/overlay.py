"""The writable layer of a host over its base image; first_boot.py and quirks.py write into it."""

from __future__ import annotations

import shutil
from pathlib import Path


class Overlay:
    """A host's writable layer (overlayfs's upper directory) over a base image."""

    def __init__(self, base: Path, upper: Path) -> None:
        self.base = base
        self.upper = upper
        upper.mkdir(parents=True, exist_ok=True)
        same_owner_and_mode(base, upper)

    def read(self, path: str) -> str:
        """The text of a file as the host will see it."""
        own = self.upper / path
        return (own if own.exists() else self.base / path).read_text()

    def write(self, path: str, content: str, mode: int = 0o644, owner: int = 0) -> None:
        """Write a file; missing parents get the owner and mode of the base image's."""
        target = self.upper_path(path)
        target.write_text(content)
        target.chmod(mode)
        shutil.chown(target, owner, owner)

    def append(self, path: str, line: str) -> None:
        """Append a line to a file of the base image; it keeps its owner and mode."""
        content = self.read(path)
        target = self.upper_path(path)
        target.write_text(f"{content.rstrip()}\n{line}\n")
        same_owner_and_mode(self.base / path, target)

    def link(self, path: str, to: str) -> None:
        """Create a symbolic link."""
        target = self.upper_path(path)
        target.unlink(missing_ok=True)
        target.symlink_to(to)

    def directory(self, path: str, mode: int, owner: int) -> None:
        """Create a directory."""
        target = self.upper_path(path)
        target.mkdir(exist_ok=True)
        target.chmod(mode)
        shutil.chown(target, owner, owner)

    def upper_path(self, path: str) -> Path:
        """The path of a host's file in this layer; creates its parents with the base's owner and mode."""
        parts = Path(path).parts
        for depth in range(1, len(parts)):
            parent = self.upper.joinpath(*parts[:depth])
            if not parent.exists():
                parent.mkdir()
                original = self.base.joinpath(*parts[:depth])
                if original.exists():
                    same_owner_and_mode(original, parent)
        return self.upper / path


def same_owner_and_mode(original: Path, target: Path) -> None:
    """Copy owner and mode."""
    found = original.stat()
    shutil.chown(target, found.st_uid, found.st_gid)
    target.chmod(found.st_mode & 0o7777)
