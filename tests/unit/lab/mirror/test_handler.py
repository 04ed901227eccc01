from __future__ import annotations

import http.client
import io
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.mirror.archive import Archive
from lab.mirror.handler import Content, Handler, media_type
from lab.mirror.request import MirrorError
from lab.mirror.server import read_config
from lab.polling import wait_until

MANIFEST = {"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}


class Out(io.StringIO):
    def entries(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def log() -> Out:
    return Out()


@pytest.fixture
def client(tmp_path: Path, log: Out) -> Iterator[http.client.HTTPConnection]:
    """A connection to the handler, over a pair of sockets."""
    file = tmp_path / "tree/pkgs.k8s.io/core:/Release"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"0123456789")
    tag = tmp_path / "tree/registry.k8s.io/v2/pause/manifests/3.10"
    tag.parent.mkdir(parents=True)
    tag.write_text(json.dumps(MANIFEST))
    content = Content(tmp_path / "tree", Archive(tmp_path / "debian"), log)
    ours, theirs = socket.socketpair()
    kind = type("Connection", (Handler,), {"content": content})
    thread = threading.Thread(target=kind, args=(theirs, ("192.0.2.7", 1), None))
    thread.start()
    connection = http.client.HTTPConnection("pair")
    connection.sock = ours
    yield connection
    ours.close()
    thread.join(10)
    theirs.close()


def ask(
    client: http.client.HTTPConnection, method: str, host: str, path: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    client.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host, **headers}.items():
        client.putheader(name, value)
    client.endheaders()
    answer = client.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_a_file_whole_in_part_and_not_at_all(client: http.client.HTTPConnection, log: Out) -> None:
    where = ("pkgs.k8s.io", "/core%3A/Release")
    status, headers, body = ask(client, "GET", *where)
    assert (status, headers["Content-Length"], body) == (200, "10", b"0123456789")
    status, headers, body = ask(client, "HEAD", *where)
    assert (status, headers["Content-Length"], body) == (200, "10", b"")
    status, headers, body = ask(client, "GET", *where, Range="bytes=4-")
    assert (status, headers["Content-Range"], body) == (206, "bytes 4-9/10", b"456789")
    assert ask(client, "GET", *where, Range="bytes=-3")[2] == b"789"
    assert ask(client, "GET", *where, Range="bytes=2-3")[2] == b"23"
    assert ask(client, "GET", *where, Range="bytes=10-")[0] == 416
    known = ask(client, "GET", *where)[1]["Last-Modified"]
    assert ask(client, "GET", *where, **{"If-Modified-Since": known})[0] == 304
    assert ask(client, "GET", "unknown.example", "/x")[0] == 404
    assert wait_until(lambda: len(log.entries()) == 9, 10), "a request is logged after its answer is sent"
    entries = log.entries()
    assert [entry["status"] for entry in entries] == [200, 200, 206, 206, 206, 416, 200, 304, 404]
    assert set(entries[0]) == {"time", "client", "host", "method", "path", "status", "bytes"}
    assert (entries[2]["client"], entries[2]["bytes"]) == ("192.0.2.7", 6)


def test_a_registry_answers_as_the_api_says(client: http.client.HTTPConnection) -> None:
    assert ask(client, "GET", "registry.k8s.io", "/v2/")[0] == 200
    status, headers, body = ask(client, "GET", "k8s.m.daocloud.io", "/v2/pause/manifests/3.10?ns=registry.k8s.io")
    assert (status, json.loads(body)) == (200, MANIFEST)
    assert headers["Content-Type"] == MANIFEST["mediaType"]
    assert headers["Docker-Content-Digest"].startswith("sha256:")
    status, _, body = ask(client, "GET", "ghcr.io", "/v2/pause/manifests/3.10")
    assert (status, json.loads(body)["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_files_of_publishers_win_and_an_official_repository_is_served_alone(tmp_path: Path, log: Out) -> None:
    for folder, name in (
        ("tree", "pkgs.k8s.io/core:/Packages"),
        ("tree", "pkgs.k8s.io/core:/built.deb"),
        ("tree", "registry.k8s.io/v2/pause/manifests/1"),
        ("tree", "registry.k8s.io/v2/lab/manifests/1"),
        ("view", "pkgs.k8s.io/core:/Packages"),
        ("view", "registry.k8s.io/v2/pause/manifests/1"),
    ):
        (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / name).touch()
    tree, view = tmp_path / "tree", tmp_path / "view"
    content = Content(tree, Archive(tmp_path / "debian"), log, view, ("pkgs.k8s.io/",))
    assert content.find("pkgs.k8s.io", "/core:/Packages") == view / "pkgs.k8s.io/core:/Packages"
    assert content.find("pkgs.k8s.io", "/core:/built.deb") is None
    assert content.find("mirrors.tuna.tsinghua.edu.cn", "/kubernetes/core:/built.deb") is None
    assert content.find("k8s.m.daocloud.io", "/v2/pause/manifests/1") == view / "registry.k8s.io/v2/pause/manifests/1"
    assert content.find("registry.k8s.io", "/v2/lab/manifests/1") == tree / "registry.k8s.io/v2/lab/manifests/1"


def test_a_document_without_its_type_is_of_oci() -> None:
    assert media_type({"manifests": []}) == MANIFEST["mediaType"]
    assert media_type({"layers": []}) == "application/vnd.oci.image.manifest.v1+json"
    assert media_type({"mediaType": "its/own"}) == "its/own"


def test_a_wrong_configuration_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    paths = dict.fromkeys(("ca_cert", "ca_key", "log", "ready"), str(tmp_path / "x"))
    file.write_text(json.dumps({"names": {"example.org": "192.0.2.1"}, **paths}))
    with pytest.raises(MirrorError, match=r"nothing is served as example\.org"):
        read_config(file)
    file.write_text("{")
    with pytest.raises(MirrorError, match="can't be read"):
        read_config(file)


def test_a_configuration_names_what_comes_from_publishers(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    paths = dict.fromkeys(("ca_cert", "ca_key", "log", "ready"), str(tmp_path / "x"))
    file.write_text(json.dumps({"names": {}, **paths, "view": "/views/1", "roots": ["pkgs.k8s.io/"]}))
    assert (read_config(file).view, read_config(file).roots) == (Path("/views/1"), ("pkgs.k8s.io/",))
    file.write_text(json.dumps({"names": {}, **paths, "view": "", "roots": []}))
    assert (read_config(file).view, read_config(file).roots) == (None, ())


def test_kept_files_are_served_when_the_archive_is_out_of_reach(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.opener.open = unreachable  # type: ignore[method-assign, assignment]
    index, package = tmp_path / "debian/dists/x/InRelease", tmp_path / "debian/pool/x.deb"
    for file in (index, package):
        file.parent.mkdir(parents=True)
        file.write_text("kept")
    os.utime(index, (1, 1))
    assert archive.get("debian/dists/x/InRelease") == index
    assert archive.get("debian/pool/x.deb") == package
    assert archive.get("debian/pool/other.deb") is None


def unreachable(*_: object, **__: object) -> None:
    raise OSError("no network")
