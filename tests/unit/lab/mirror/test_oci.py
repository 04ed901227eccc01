"""Layers, manifests and indexes of images."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lab.mirror.oci import Layer, make_index, make_layer, make_manifest


def layer_of(folder: Path, root: Path) -> Layer:
    folder.mkdir()
    return make_layer({"": root, "usr/bin/tool": root / "a"}, folder)


def test_equal_content_is_an_equal_layer(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "deep/er").mkdir(parents=True)
    (root / "a").write_text("a")
    (root / "deep/er/link").symlink_to("../../a")
    first = layer_of(tmp_path / "one", root)
    os.utime(root / "a", (1, 1))
    assert layer_of(tmp_path / "two", root) == first
    assert (tmp_path / "two" / first.digest).stat().st_size == first.size


def test_an_index_lists_all_architectures(tmp_path: Path) -> None:
    layer = Layer("sha256:0", 1, "sha256:1")
    made = [make_manifest(tmp_path, architecture, [layer], {"Cmd": ["sh"]}) for architecture in ("arm64", "amd64")]
    index = json.loads(make_index(made))
    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == ["amd64", "arm64"]
    manifest = json.loads((tmp_path / made[0]["digest"]).read_text())
    config = json.loads((tmp_path / manifest["config"]["digest"]).read_text())
    assert config["architecture"] == "arm64"
    assert config["rootfs"]["diff_ids"] == ["sha256:1"]
