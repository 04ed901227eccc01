"""Which parts come from their publishers, against a false upstream: the seven answers, and what is then trusted and built."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from cluster.sources import Pins
from lab import mirror
from lab.mirror import artifacts
from lab.mirror.aptrepo import write
from lab.mirror.official.choice import PROBE_SECONDS, Choice, choose
from lab.mirror.official.parts import KUBERNETES, KUBERNETES_PACKAGES, LISTED_IMAGES, PARTS, Wanted
from local import pins
from tests.unit.lab.mirror.official import publisher, upstream
from tests.unit.lab.mirror.official.publisher import CNI, DOCKER, HEADSCALE, Key
from tests.unit.lab.mirror.official.upstream import Upstream

BUILT_TRUST = {
    "key_fingerprints": dict.fromkeys(("kubernetes", "docker", "tailscale"), "THE-LABS"),
    "sha256": {f"https://{CNI}": "the lab's", f"https://{HEADSCALE}/headscale_0.29.3_linux_amd64.deb": "the lab's"},
}
DEB = "containerd.io_2.3.7-1~debian.12~bookworm_amd64.deb"


class Lines(list[str]):
    @property
    def text(self) -> str:
        return "\n".join(self)

    def row(self, part: str) -> str:
        return next(line.split(part, 1)[1].strip() for line in self.text.splitlines() if f"  {part}" in line)


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_right_answers_are_served_with_the_deploys_own_pins(
    served: Upstream, wanted: Wanted, tmp_path: Path, lines: Lines
) -> None:
    made = choose("auto", wanted, tmp_path / "cache", lines.append)
    assert made.official == tuple(PARTS), lines.text
    assert lines.row("Docker's packages") == "official  download.docker.com, checked by the pinned key"
    assert made.trust(BUILT_TRUST) == {"key_fingerprints": {}, "sha256": {}}
    assert made.view is not None
    files = {str(file.relative_to(made.view)): file.read_bytes() for file in made.view.rglob("*") if file.is_file()}
    # Docker Hub has another address than name; by-hash names are added; packages of other versions are left out.
    expected = {
        address.replace("registry-1.docker.io", "docker.io"): content
        for address, content in served.files.items()
        if "kubelet_1.36.10" not in address and "kubernetes-cni_1.9.0" not in address
    }
    by_digest = {path for path in files if path not in expected}
    assert {path: files[path] for path in expected} == expected
    assert all("/by-hash/SHA" in path or "/manifests/sha256:" in path for path in by_digest)
    # What never changes is asked for once.
    served.asked.clear()
    assert choose("official", wanted, tmp_path / "cache", lines.append) == made
    again = [address for address, _ in served.asked]
    assert any(address.endswith("InRelease") for address in again)
    assert [address for address in again if address.endswith((".deb", ".tgz", ".gz")) or "/blobs/" in address] == []
    # Nothing is left to build but what the lab's own images stand on.
    assert [part for part, _ in artifacts.plan(mirror.Request("1.36.3", architectures=("amd64",)), made.needless)] == [
        "busybox",
        "image-busybox",
    ]
    assert mirror.tool(mirror.Request("1.36.3"), tmp_path, "kubectl", made).read_text().startswith("#!/bin/sh")


def test_a_wrong_key_is_built_and_the_others_are_not(
    served: Upstream, wanted: Wanted, keys: dict[str, Key], tmp_path: Path, lines: Lines
) -> None:
    served.files |= publisher.docker(keys["stranger"])
    made = choose("auto", wanted, tmp_path / "cache", lines.append)
    assert made.official == tuple(part for part in PARTS if part != "Docker's packages")
    assert lines.row("Docker's packages").startswith(
        f"built     the key at https://{DOCKER}/gpg is {keys['stranger'].fingerprint}, not"
    )
    assert made.trust(BUILT_TRUST)["key_fingerprints"] == {"docker": "THE-LABS"}
    assert "download.docker.com/" not in made.roots
    planned = {part for part, _ in artifacts.plan(mirror.Request("1.36.3"), made.needless)}
    assert planned == {"busybox", "image-busybox", "docker-debs", "containerd", "runc", "libseccomp"}


def test_an_answer_of_an_unknown_form_is_a_reason(
    served: Upstream, wanted: Wanted, keys: dict[str, Key], tmp_path: Path, lines: Lines
) -> None:
    """Signed, and still not what it should be: an index without hashes, a tag without platforms, packages without programs."""
    flat = [
        publisher.Package(name, "1.36.3-1.1", f"amd64/{name}_1.36.3-1.1_amd64.deb", b"no package")
        for name in KUBERNETES_PACKAGES
    ]
    served.files |= publisher.repository(publisher.KUBERNETES, "", "Packages", flat, keys["publisher"])
    odd = [publisher.Package("containerd.io", "2.3.7-1", "", b"")]
    served.files |= publisher.repository(
        DOCKER, "dists/bookworm", "stable/binary-amd64/Packages", odd, keys["publisher"]
    )
    served.files["registry-1.docker.io/v2/library/busybox/manifests/1.36.1"] = b'{"manifests": [1]}'
    made = choose("auto", wanted, tmp_path / "cache", lines.append)
    assert set(PARTS) - set(made.official) == {KUBERNETES, LISTED_IMAGES, "Docker's packages", "Docker Hub's busybox"}
    assert "unpacking a publisher's package failed" in lines.row(KUBERNETES)
    assert lines.row(LISTED_IMAGES) == "built     kubeadm knows their tags, and it is built"
    with pytest.raises(mirror.MirrorError, match=r"kubectl 1\.36\.3 is not built yet"):
        mirror.tool(mirror.Request("1.36.3"), tmp_path, "kubectl", made)
    assert lines.row("Docker's packages") == "built     the answer has an unknown form (KeyError: 'Filename')"
    assert "the answer has an unknown form (AttributeError" in lines.row("Docker Hub's busybox")


def test_official_lists_every_part_that_is_missing(
    served: Upstream, wanted: Wanted, tmp_path: Path, lines: Lines
) -> None:
    served.answers = {DEB: "other", "checksums.txt": "500"}
    with pytest.raises(mirror.MirrorError) as refusal:
        choose("official", wanted, tmp_path / "cache", lines.append)
    text = str(refusal.value)
    assert [line for line in text.splitlines() if not line.startswith(" ")] == [
        "--source official: Docker's packages",
        "--source official: headscale's package",
    ]
    assert text.count("    what  ") == text.count("    why   ") == text.count("    fix   ") == 2
    assert f"{DEB} has the sha256" in text
    assert "checksums.txt answers 500" in text


def test_without_a_listener_all_is_built_at_once(
    wanted: Wanted, tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.lead_to(upstream.unused_port(), monkeypatch)
    began = time.monotonic()
    assert choose("auto", wanted, tmp_path / "cache", lines.append) == Choice()
    assert time.monotonic() - began < PROBE_SECONDS < 3
    assert len(lines) == 1
    assert lines[0].startswith("mirror: every part is built here: none of 7 official names answers")
    assert not (tmp_path / "cache").exists()


def test_a_name_that_hangs_holds_nothing_up(
    served: Upstream, wanted: Wanted, tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.mirror.official.choice.PROBE_SECONDS", 0.2)
    served.answers = {"/": "hang"}
    assert choose("auto", wanted, tmp_path / "cache", lines.append) == Choice()
    assert len(lines) == 1


def test_a_certificate_of_a_stranger_is_no_answer(
    served: Upstream, wanted: Wanted, tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(mirror.MirrorError, match="its certificate is not trusted by this machine"):
        choose("official", wanted, tmp_path / "cache", lines.append)
    assert served.asked == []


def test_the_pins_are_those_of_the_deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By which publishers are asked, and which a lab with all parts from them leaves to every host."""
    assert Wanted((), ("amd64",), ()).pins == Pins()
    view = tmp_path / "view"
    for url in BUILT_TRUST["sha256"]:
        write(view / url.removeprefix("https://"), b"official")
    official = Choice(tuple(PARTS), view)
    assert pins_with(official.trust(BUILT_TRUST), tmp_path, monkeypatch) == Pins()
    built = pins_with(Choice().trust(BUILT_TRUST), tmp_path, monkeypatch)
    assert built.key_fingerprints == BUILT_TRUST["key_fingerprints"]


def pins_with(trust: dict[str, dict[str, str]], folder: Path, patch: pytest.MonkeyPatch) -> Pins:
    """The pins of a deploy in a lab with this trust.json."""
    (folder / "trust.json").write_text(json.dumps(trust))
    patch.setenv("ISTHMUS_TRUST", str(folder / "trust.json"))
    forget()
    try:
        return pins.current_pins()
    finally:
        forget()


def forget() -> None:
    pins.current_pins.cache_clear()
    pins._overlay.cache_clear()


def test_build_makes_no_attempt_to_leave_the_machine(
    served: Upstream,
    wanted: Wanted,
    tmp_path: Path,
    lines: Lines,
    questions: list[tuple[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, request = tmp_path / "cache", mirror.Request("1.36.3")
    write(mirror.stamp(cache / "tree", request), b"built before")
    write(cache / "tree/.trust.json", json.dumps(BUILT_TRUST).encode())
    made = choose("build", wanted, cache, lines.append)
    assert made == Choice()
    assert mirror.trust(mirror.build(request, cache, lines.append, made), made) == BUILT_TRUST
    assert questions == []
    assert served.asked == []
    assert lines == ["mirror: every part is built here (--source build)"]
    served.answers = {"/": "hang"}
    monkeypatch.setattr("lab.mirror.official.choice.PROBE_SECONDS", 0.2)
    choose("auto", wanted, tmp_path / "cache", lines.append)
    assert any(event == "socket.connect" for event, _ in questions), "the hook sees what auto does"
