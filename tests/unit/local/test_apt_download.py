"""A repository on disk, really signed: what is as its publisher made it is taken, everything else is refused."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.observed.gpg import parse_colons
from cluster.sources import AptSource
from local import apt_download

DEB = b"a package"


def gpg(home: Path, *words: str) -> bytes:
    return subprocess.run(
        ["gpg", "--batch", "--quiet", "--homedir", str(home), *words], check=True, capture_output=True
    ).stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> AptSource:
    home, root = tmp_path_factory.mktemp("g"), tmp_path_factory.mktemp("repository")
    gpg(home, "--passphrase", "", "--quick-gen-key", "publisher", "ed25519", "sign")
    packages = root / "dists/stable/main/binary-amd64/Packages.gz"
    packages.parent.mkdir(parents=True)
    text = f"Package: thing\nVersion: 1.0\nFilename: pool/thing.deb\nSHA256: {hashlib.sha256(DEB).hexdigest()}\n"
    packages.write_bytes(gzip.compress(text.encode()))
    digest = hashlib.sha256(packages.read_bytes()).hexdigest()
    (root / "Release").write_text(f"Origin: us\nSHA256:\n {digest} 1 main/binary-amd64/Packages.gz\n")
    gpg(home, "--clearsign", "--output", str(root / "dists/stable/InRelease"), str(root / "Release"))
    (root / "key.asc").write_bytes(gpg(home, "--export", "--armor"))
    (root / "pool").mkdir()
    (root / "pool/thing.deb").write_bytes(DEB)
    (fingerprint,) = parse_colons(gpg(home, "--with-colons", "--list-keys").decode().splitlines())
    uri = root.as_uri()
    return AptSource("thing", uri, uri, "stable", "main", f"{uri}/key.asc", fingerprint)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt_download, "CACHE", tmp_path / "cache")


def spoil(monkeypatch: pytest.MonkeyPatch, ending: str, old: bytes, new: bytes) -> None:
    get = apt_download._Reader._get
    monkeypatch.setattr(
        apt_download._Reader,
        "_get",
        lambda self, url: get(self, url).replace(old, new) if url.endswith(ending) else get(self, url),
    )


def test_the_signed_package_is_fetched_once(source: AptSource, monkeypatch: pytest.MonkeyPatch) -> None:
    first = apt_download.deb(source, "thing", "1.0", "amd64", None)
    assert first.read_bytes() == DEB
    spoil(monkeypatch, ".deb", DEB, b"another")
    assert apt_download.deb(source, "thing", "1.0", "amd64", None) == first


def test_a_kept_file_that_was_changed_is_fetched_again(source: AptSource) -> None:
    apt_download.deb(source, "thing", "1.0", "amd64", None).write_bytes(b"changed")
    assert apt_download.deb(source, "thing", "1.0", "amd64", None).read_bytes() == DEB


@pytest.mark.parametrize(
    ("ending", "old", "new", "reason"),
    [
        (".deb", DEB, b"another", "has another sha256 than its signed index lists"),
        ("Packages.gz", b"\x1f\x8b", b"\x1f\x8c", "has another sha256 than its signed index lists"),
        ("InRelease", b"Origin: us", b"Origin: me", "is not signed by the pinned key"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(
    source: AptSource, monkeypatch: pytest.MonkeyPatch, ending: str, old: bytes, new: bytes, reason: str
) -> None:
    spoil(monkeypatch, ending, old, new)
    with pytest.raises(apt_download.NotFetched, match=reason):
        apt_download.deb(source, "thing", "1.0", "amd64", None)


@pytest.mark.parametrize(
    ("change", "version", "reason"),
    [
        ({"fingerprint": "0" * 40}, "1.0", "not the pinned"),
        ({"suite": "other"}, "1.0", "InRelease"),
        ({}, "2.0", "has no thing 2.0 for amd64"),
    ],
)
def test_what_is_not_there_is_named(source: AptSource, change: dict[str, str], version: str, reason: str) -> None:
    with pytest.raises(apt_download.NotFetched, match=reason):
        apt_download.deb(replace(source, **change), "thing", version, "amd64", None)
