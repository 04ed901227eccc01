"""Signed apt repositories of the packages that deb.py builds."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from lab.mirror.openpgp import Signer

FLAT = ""


@dataclass(frozen=True)
class Suite:
    """One Release file and the indexes below it. A flat repository has no component."""

    root: Path  # Filename fields are relative to it
    folder: str  # of the Release file, relative to root
    component: str
    label: str
    pool: str  # the packages' folder, relative to root; {architecture} is filled in


def link(source: Path, target: Path) -> bool:
    """Hard-link a file, replacing the target; False if they were the same file already."""
    if target.exists() and target.samefile(source):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.draft")
    draft.unlink(missing_ok=True)
    os.link(source, draft)
    draft.replace(target)
    return True


def write(target: Path, data: bytes) -> bool:
    """Replace a file atomically; False if it had this content already."""
    if target.is_file() and target.read_bytes() == data:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.draft")
    draft.write_bytes(data)
    draft.replace(target)
    return True


def publish(suite: Suite, debs: Sequence[Path], signer: Signer) -> None:
    """Add packages (each with its .paragraph file) to the suite, and sign it again if that changed an index."""
    for deb in debs:
        pool = suite.root / suite.pool.format(architecture=architecture_of(deb.name))
        link(deb, pool / deb.name)
        link(deb.with_suffix(".paragraph"), pool / f".{deb.stem}.paragraph")
    indexes = {path: data for group in collect(suite).items() for path, data in index_files(suite, *group)}
    folder = suite.root / suite.folder
    changed = [write(folder / path, data) for path, data in indexes.items()]
    if any(changed) or not (folder / "Release.gpg").is_file():
        (folder / "Release").write_text(release(suite, indexes))
        signer.sign(folder / "Release")


def architecture_of(name: str) -> str:
    """The architecture in a package's file name."""
    return name.removesuffix(".deb").rsplit("_", 1)[1]


def collect(suite: Suite) -> dict[str, str]:
    """Architecture → the text of its Packages file, from the pool; one entry, "", for a flat repository."""
    found: dict[str, list[str]] = {"amd64": [], "arm64": []}
    for architecture, paragraphs in found.items():
        pool = suite.pool.format(architecture=architecture)
        for file in sorted((suite.root / pool).glob(f".*_{architecture}.paragraph")):
            name = file.name.removeprefix(".").removesuffix(".paragraph")
            paragraphs.append(f"{file.read_text()}Filename: {pool}/{name}.deb\n")
    if suite.component == FLAT:
        return {"": "\n".join([*found["amd64"], *found["arm64"]])}
    return {architecture: "\n".join(paragraphs) for architecture, paragraphs in found.items()}


def index_files(suite: Suite, architecture: str, text: str) -> list[tuple[str, bytes]]:
    """The Packages file and its gzip, with their paths in Release."""
    path = "Packages" if suite.component == FLAT else f"{suite.component}/binary-{architecture}/Packages"
    data = text.encode()
    return [(path, data), (f"{path}.gz", gzip.compress(data, mtime=0))]


def release(suite: Suite, indexes: Mapping[str, bytes]) -> str:
    """The Release file."""
    name = suite.folder.rsplit("/", 1)[-1]
    fields = {
        "Origin": suite.label,
        "Label": suite.label,
        **({} if suite.component == FLAT else {"Suite": name, "Codename": name, "Components": suite.component}),
        "Architectures": "amd64 arm64",
        "Date": formatdate(usegmt=True).replace("GMT", "UTC"),
    }
    lines = [f"{key}: {value}" for key, value in fields.items()]
    lines.append("SHA256:")
    lines += [f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}" for path, data in indexes.items()]
    return "\n".join(lines) + "\n"
