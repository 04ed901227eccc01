"""OCI images as files: layers, configuration, manifests and indexes, laid out as a registry serves them."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CREATED = "2026-01-01T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Layer:
    """A stored layer: its blob, and the digest of what it unpacks to."""

    digest: str
    size: int
    unpacked: str

    def descriptor(self) -> dict[str, Any]:
        """How a manifest names it."""
        return {"mediaType": LAYER, "digest": self.digest, "size": self.size}


class Digesting:
    """A file for writing that also adds up the digest of what is written."""

    def __init__(self, target: BinaryIO) -> None:
        self.target = target
        self.sum = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """As a file's write."""
        self.sum.update(data)
        return self.target.write(data)

    def flush(self) -> None:
        """As a file's flush."""
        self.target.flush()


def normal(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Root's, and without a time, so that equal content is an equal layer."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member


def make_layer(files: Mapping[str, Path], folder: Path) -> Layer:
    """Pack files or whole folders, each at its path in the image ('' is the root), into a blob in `folder`."""
    draft = folder / "layer.draft"
    with draft.open("wb") as raw:
        packed = Digesting(raw)
        with gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=cast(BinaryIO, packed), mtime=0) as zipped:
            content = Digesting(cast(BinaryIO, zipped))
            with tarfile.open(fileobj=cast(BinaryIO, content), mode="w|", format=tarfile.PAX_FORMAT) as archive:
                for path, source in sorted(files.items()):
                    pack(archive, path.strip("/"), source)
    layer = Layer(f"sha256:{packed.sum.hexdigest()}", draft.stat().st_size, f"sha256:{content.sum.hexdigest()}")
    draft.rename(folder / layer.digest)
    return layer


def pack(archive: tarfile.TarFile, path: str, source: Path) -> None:
    """Add a file, or a folder with its content, and the folders above it."""
    above = Path(path).parents
    for parent in reversed([folder for folder in above if folder.name]):
        entry = tarfile.TarInfo(str(parent))
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
    if path:
        archive.add(source, path, recursive=False, filter=normal)
    if source.is_dir() and not source.is_symlink():
        pack_inside(archive, path, source)


def pack_inside(archive: tarfile.TarFile, path: str, source: Path) -> None:
    """Add everything below a folder, in a fixed order."""
    for name in sorted(entry.name for entry in source.iterdir()):
        inner = f"{path}/{name}".lstrip("/")
        archive.add(source / name, inner, recursive=False, filter=normal)
        if (source / name).is_dir() and not (source / name).is_symlink():
            pack_inside(archive, inner, source / name)


def store(folder: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a JSON document as a blob; its descriptor without a media type."""
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    (folder / digest).write_bytes(data)
    return {"digest": digest, "size": len(data)}


def make_manifest(folder: Path, architecture: str, layers: list[Layer], start: Mapping[str, Any]) -> dict[str, Any]:
    """An image of one architecture; `start` is its Entrypoint, Cmd, User and so on. Returns its descriptor for an index."""
    config = {
        "created": CREATED,
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": [PATH], **start},
        "rootfs": {"type": "layers", "diff_ids": [layer.unpacked for layer in layers]},
        "history": [{"created": CREATED, "created_by": "lab.mirror"} for _ in layers],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, **store(folder, config)},
        "layers": [layer.descriptor() for layer in layers],
    }
    platform = {"architecture": architecture, "os": "linux", **({"variant": "v8"} if architecture == "arm64" else {})}
    return {"mediaType": MANIFEST, **store(folder, manifest), "platform": platform}


def make_index(descriptors: list[dict[str, Any]]) -> bytes:
    """The document behind a tag: one manifest for each architecture."""
    ordered = sorted(descriptors, key=lambda one: str(one["platform"]["architecture"]))
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": ordered}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
