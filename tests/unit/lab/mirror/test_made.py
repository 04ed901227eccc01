from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from lab.mirror.build_cache import BuildCache
from lab.mirror.certificates import make_ca, sign
from lab.mirror.deb import Deb
from lab.mirror.oci import Layer, make_index, make_layer, make_manifest
from lab.mirror.request import MirrorError
from tests.places import PROJECT


def test_an_interrupted_part_leaves_nothing(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    target = cache.path("part", "1.0", "amd64", {"flag": 1})

    def fails(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise MirrorError("no")

    with pytest.raises(MirrorError):
        cache.create(target, fails)
    assert not target.exists()
    assert list(cache.work.iterdir()) == []
    cache.create(target, lambda folder: (folder / "whole").touch())
    cache.create(target, fails)
    assert [file.name for file in target.iterdir()] == ["whole"]


def test_another_recipe_is_another_part(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    assert cache.path("part", "1.0", "amd64", {"flag": 1}) != cache.path("part", "1.0", "amd64", {"flag": 2})


def test_two_builds_take_turns(tmp_path: Path) -> None:
    other = (
        "import sys; from pathlib import Path; from lab.mirror.build_cache import BuildCache\n"
        "with BuildCache(Path(sys.argv[1])).locked(print): print('entered')"
    )
    with BuildCache(tmp_path).locked(print):
        command = [sys.executable, "-u", "-c", other, str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
        assert process.stdout is not None
        assert process.stdout.readline() == "mirror: another build uses this cache; waiting for it\n"
    assert process.communicate(timeout=10)[0] == "entered\n"


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


def test_a_control_file_says_what_apt_needs() -> None:
    deb = Deb("tool", "1.0-1.1", "arm64", "A tool", {}, relations={"Depends": "iptables"})
    assert deb.file_name == "tool_1.0-1.1_arm64.deb"
    lines = deb.control(7).splitlines()
    assert {
        "Package: tool",
        "Version: 1.0-1.1",
        "Architecture: arm64",
        "Installed-Size: 7",
        "Depends: iptables",
    } <= set(lines)


def test_a_signed_certificate_names_its_hosts_and_its_key_is_private(tmp_path: Path) -> None:
    authority, key = make_ca(tmp_path / "ca")
    assert make_ca(tmp_path / "ca") == (authority, key)
    sign(authority, key, ["a.example", "b.example", "192.0.2.1"], tmp_path / "crt", tmp_path / "key")
    made = x509.load_pem_x509_certificate((tmp_path / "crt").read_bytes())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("key", "ca/ca.key")} == {0o600}
