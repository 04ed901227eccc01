"""A repository's packages, as apt chooses them, and the view of them, as a host's apt reads it."""

from __future__ import annotations

import io
import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from lab.mirror.archive import Archive
from lab.mirror.handler import Content, Handler
from lab.mirror.official.parts import KUBERNETES, PARTS, Asker
from tests.unit.lab.mirror.official import publisher
from tests.unit.lab.mirror.official.publisher import Key

PRIVATE = ("lib", "cache/archives/partial", "lists/partial", "parts")


def test_packages_come_with_what_they_depend_on_in_the_highest_version(asker: Asker) -> None:
    found = PARTS[KUBERNETES].ask(asker)
    packages = {path.rpartition("/")[2] for path in found if path.endswith(".deb")}
    assert packages == {
        "kubeadm_1.36.3-1.1_amd64.deb",
        "kubectl_1.36.3-1.1_amd64.deb",
        "kubelet_1.36.3-1.1_amd64.deb",
        "kubernetes-cni_1.10.0-1.1_amd64.deb",
    }
    assert f"{publisher.KUBERNETES}/Release.key" in found


@pytest.fixture
def mirror(asker: Asker, tmp_path: Path) -> Iterator[int]:
    """The port of a mirror with nothing but the view."""
    files = PARTS[KUBERNETES].ask(asker) | PARTS["Docker's packages"].ask(asker)
    roots = ("pkgs.k8s.io/", "download.docker.com/")
    content = Content(tmp_path / "tree", Archive(tmp_path / "debian"), io.StringIO(), asker.store.view(files), roots)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Connection", (Handler,), {"content": content}))
    server.daemon_threads, server.block_on_close = True, False
    threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_apt_of_a_host_takes_the_packages_by_the_publishers_signature(
    mirror: int, keys: dict[str, Key], tmp_path: Path
) -> None:
    for folder in PRIVATE:
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lib/status").touch()
    (tmp_path / "ring.gpg").write_bytes(keys["publisher"].binary)
    entry = f"deb [arch=amd64 signed-by={tmp_path}/ring.gpg] http://"
    docker = f"{entry}{publisher.DOCKER} bookworm stable\n"
    (tmp_path / "list").write_text(f"{entry}{publisher.KUBERNETES}/ /\n{docker}")
    apt = [
        "apt-get", "-q", "-o", f"Acquire::http::Proxy=http://127.0.0.1:{mirror}", "-o", f"Dir::State={tmp_path}/lib",
        "-o", f"Dir::State::Lists={tmp_path}/lists", "-o", f"Dir::State::status={tmp_path}/lib/status",
        "-o", f"Dir::Cache={tmp_path}/cache", "-o", f"Dir::Etc::SourceList={tmp_path}/list",
        "-o", f"Dir::Etc::SourceParts={tmp_path}/parts", "-o", "APT::Architecture=amd64", "-o", "APT::Sandbox::User=root",
        "-o", "Acquire::Languages=none",
    ]  # fmt: skip
    subprocess.run([*apt, "update", "--error-on=any"], check=True, capture_output=True, cwd=tmp_path)
    wanted = ["kubeadm=1.36.3-*", "containerd.io=2.3.7-*"]
    subprocess.run([*apt, "download", *wanted], check=True, capture_output=True, cwd=tmp_path)
    assert {file.name for file in tmp_path.glob("*.deb")} == {
        "kubeadm_1.36.3-1.1_amd64.deb",
        "containerd.io_2.3.7-1~debian.12~bookworm_amd64.deb",
    }
