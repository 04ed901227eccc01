"""What was had, kept by its content: a file is complete and has the hash that is its name, or it is absent."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lab.mirror.build_cache import recipe_hash
from lab.mirror.commands import run
from lab.mirror.official.client import Client, NotHad, persistently

# Path below the served names, such as pkgs.k8s.io/core:/… → the kept file.
Files = dict[str, Path]
LARGEST_FILE = 1 << 30  # bytes; the largest package or layer of today has a tenth of that


class Store:
    """The folder of kept files, and the folders in which they have their official paths again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = folder / "sha256"
        self.drafts = folder / "drafts"
        self.kept.mkdir(parents=True, exist_ok=True)
        self.drafts.mkdir(exist_ok=True)

    def remove_leftovers(self) -> None:
        """Remove what interrupted runs left; call it only while holding the cache's lock."""
        for leftover in self.drafts.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

    def keep(self, data: bytes) -> Path:
        """Keep a document that was checked by other means than its hash."""
        return self.receive(hashlib.sha256(data).hexdigest(), [data], "a document")

    def fetch(self, client: Client, url: str, sha256: str, headers: Mapping[str, str] | None = None) -> Path:
        """The file of that hash, from the address unless it is kept already. NotHad if it is not what it should be."""
        known = self.kept / sha256
        if known.is_file() and _sha256(known) == sha256:
            return known

        def ask() -> Path:
            with client.pieces(url, headers) as body:
                return self.receive(sha256, body, url)

        return persistently(ask)

    def receive(self, sha256: str, pieces: Iterable[bytes], origin: str) -> Path:
        """Write a file while its hash adds up, and keep it if that is the expected one; else nothing is left of it."""
        handle, name = tempfile.mkstemp(dir=self.drafts)
        draft, added, size = Path(name), hashlib.sha256(), 0
        try:
            with os.fdopen(handle, "wb") as out:
                for piece in pieces:
                    added.update(piece)
                    size += len(piece)
                    if size > LARGEST_FILE:
                        raise NotHad(f"{origin} is larger than {LARGEST_FILE >> 30} GB")
                    out.write(piece)
            if added.hexdigest() != sha256:
                raise NotHad(f"{origin} has the sha256 {added.hexdigest()[:12]}…, not {sha256[:12]}… as published")
            draft.chmod(0o644)
            return draft.replace(self.kept / sha256)
        finally:
            draft.unlink(missing_ok=True)

    def programs(self, debs: Sequence[Path], names: Sequence[str]) -> Path:
        """A folder with programs of /usr/bin of these packages."""
        target = self.folder / "programs" / recipe_hash([*(deb.name for deb in debs), *names])
        if target.is_dir():
            return target
        target.parent.mkdir(exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=self.drafts))
        for deb in debs:
            run(["dpkg-deb", "--extract", deb, draft], why="unpacking a publisher's package")
        missing = [name for name in names if not (draft / "usr/bin" / name).is_file()]
        if missing:
            raise NotHad(f"the packages have no {' and no '.join(missing)}")
        made = Path(tempfile.mkdtemp(dir=self.drafts))
        for name in names:
            (draft / "usr/bin" / name).rename(made / name)
        shutil.rmtree(draft)
        made.chmod(0o755)
        return made.rename(target)

    def view(self, files: Files) -> Path:
        """A folder with each file at its official path; the same files give the same folder."""
        for path in files:
            if any(part in ("", ".", "..") for part in path.split("/")):
                raise NotHad(f"{path} is no path below an official name")
        target = self.folder / "views" / recipe_hash(sorted((path, file.name) for path, file in files.items()))
        if target.is_dir():
            return target
        target.parent.mkdir(exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=self.drafts))
        for path, file in files.items():
            link = draft / path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.resolve())
        draft.chmod(0o755)
        return draft.rename(target)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
