"""Debian packages, made with dpkg-deb, and their paragraph in a repository's index."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.mirror.commands import run


@dataclass(frozen=True)
class Deb:
    """One binary package. A file's content is a path to copy, or its text; programs are what is copied from a bin folder."""

    name: str
    version: str
    architecture: str
    summary: str
    files: Mapping[str, Path | str]
    relations: Mapping[str, str] = field(default_factory=dict)
    conffiles: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    section: str = "misc"
    homepage: str = ""

    @property
    def file_name(self) -> str:
        """As in a pool."""
        return f"{self.name}_{self.version}_{self.architecture}.deb"

    def control(self, installed_size: int) -> str:
        """The control file."""
        fields = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": self.architecture,
            "Maintainer": "isthmus lab <lab@lab.invalid>",
            "Installed-Size": str(installed_size),
            **self.relations,
            "Section": self.section,
            "Priority": "optional",
            "Homepage": self.homepage or "https://lab.invalid/",
            "Description": self.summary,
        }
        return "".join(f"{key}: {value}\n" for key, value in fields.items())


def fill(root: Path, deb: Deb) -> int:
    """Put the package's files under `root`; the installed size in KiB."""
    for path in deb.folders:
        (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for path, content in deb.files.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
            target.chmod(0o755 if content.parent.name == "bin" else 0o644)
        else:
            target.write_text(content)
            target.chmod(0o644)
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) // 1024 + 1


def build_deb(deb: Deb, folder: Path) -> Path:
    """Make the package in `folder`, with its index paragraph beside it (suffix .paragraph). gzip: Debian 11 can't read zstd."""
    root = folder / f"{deb.name}.root"
    root.mkdir()
    size = fill(root, deb)
    control = root / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(deb.control(size))
    if deb.conffiles:
        (control / "conffiles").write_text("".join(f"{path}\n" for path in deb.conffiles))
    for name, text in deb.scripts.items():
        (control / name).write_text(text)
        (control / name).chmod(0o755)
    for entry in [root, *root.rglob("*")]:
        if entry.is_dir():
            entry.chmod(0o755)
    made = folder / deb.file_name
    run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z4", "--build", root, made], why=f"package {deb.file_name}")
    shutil.rmtree(root)
    made.with_suffix(".paragraph").write_text(paragraph(deb, size, made))
    return made


def paragraph(deb: Deb, size: int, made: Path) -> str:
    """The package's entry in a Packages file, all but its Filename."""
    data = made.read_bytes()
    sums = f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
    return deb.control(size) + sums
