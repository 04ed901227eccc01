"""An image that no host of a lab can run: busybox's layer, declared for another architecture."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.mirror.aptrepo import link
from lab.mirror.oci import Layer, make_manifest
from lab.mirror.tree import publish_image

NAME = "registry.k8s.io/lab/foreign:1"
ARCHITECTURE = "s390x"
SOURCE, TAG = "registry.k8s.io/v2/e2e-test-images/busybox", "1.36.1-1"


def foreign_image(tree: Path) -> str:
    """Publish the image in the tree; gives its name."""
    root = tree / SOURCE
    manifest = document(root / "manifests" / document(root / "manifests" / TAG)["manifests"][0]["digest"])
    unpacked = document(root / "blobs" / manifest["config"]["digest"])["rootfs"]["diff_ids"]
    with TemporaryDirectory(dir=tree) as made:
        folder = Path(made)
        layers = [Layer(one["digest"], one["size"], own) for one, own in zip(manifest["layers"], unpacked, strict=True)]
        for layer in layers:
            link(root / "blobs" / layer.digest, folder / layer.digest)
        descriptor = make_manifest(folder, ARCHITECTURE, layers, {"Cmd": ["sh"]})
        (folder / "image.json").write_text(json.dumps({"names": [NAME], "descriptor": descriptor}))
        publish_image(folder, tree)
    return NAME


def document(file: Path) -> dict[str, Any]:
    """Read a JSON document."""
    found: dict[str, Any] = json.loads(file.read_text())
    return found
