"""The tree of a lab whose parts come from their publishers, but for what is always built."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import mirror
from lab.mirror import artifacts, golang
from lab.mirror.artifacts import MAKERS, is_served
from lab.mirror.build import Build
from lab.mirror.foreign import foreign_image
from lab.mirror.images import BUSYBOX, Image
from lab.mirror.oci import make_layer
from lab.mirror.official.choice import Choice
from lab.mirror.official.parts import PARTS


class Signer:
    def fingerprint(self) -> str:
        return "THE-LABS"


@contextmanager
def signer(cache: Path) -> Iterator[Signer]:
    yield Signer()


def busybox(build: Build, architecture: str) -> Path:
    """A base layer with one file."""

    def make(folder: Path) -> None:
        (folder / "file").write_text(architecture)
        layer = make_layer({"bin/busybox": folder / "file"}, folder)
        (folder / "layer.json").write_text(json.dumps(layer.__dict__))

    return build.step("busybox", build.cache.path("busybox", "1", architecture, ""), make)


def busybox_image(build: Build, architecture: str) -> Path:
    described = Image(BUSYBOX, {}, {"Cmd": ["sh"]}, "busybox")
    return artifacts.described_image("busybox", described, build, architecture)


def test_with_all_parts_official_only_busybox_is_built_and_go_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official = Choice(tuple(PARTS))
    assert official.needless == {part for part in MAKERS if is_served(part)} - {"image-busybox"}
    monkeypatch.setitem(MAKERS, "busybox", busybox)
    monkeypatch.setitem(MAKERS, "image-busybox", busybox_image)
    monkeypatch.setattr(mirror, "signer", signer)
    monkeypatch.setattr(golang, "find_go", lambda: pytest.fail("no program is to be built"))
    lines: list[str] = []
    tree = mirror.build(mirror.Request("1.36.3", architectures=("amd64",)), tmp_path, lines.append, official)
    assert {entry.name for entry in tree.iterdir() if not entry.name.startswith(".")} == {
        "registry.k8s.io",
        "docker.io",
    }
    assert mirror.trust(tree, official) == {"key_fingerprints": {}, "sha256": {}}
    assert foreign_image(tree), "the faults' own image stands on it"
    mirror.build(mirror.Request("1.36.3", architectures=("amd64",)), tmp_path, lines.append, official)
    assert sum("building" in line for line in lines) == 2, "a second call builds nothing"
