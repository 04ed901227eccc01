"""The tree that is served: each artifact at its project's path. Other versions in the tree stay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab.mirror.aptrepo import FLAT, Suite, link, publish, write
from lab.mirror.build import Build
from lab.mirror.images import NAMES as IMAGES
from lab.mirror.oci import make_index
from lab.mirror.openpgp import Signer
from lab.mirror.packages import SUITES

TRUST = ".trust.json"
SUBSTITUTES = ".substitutes.json"


def assemble(build: Build, signer: Signer, tree: Path) -> None:
    """Publish everything that was built for a request."""
    built = {part for part, _ in build.made}
    if "kubernetes-debs" in built:
        publish_kubernetes(build, signer, tree)
    if "docker-debs" in built:
        publish_docker(build, signer, tree / "download.docker.com" / "linux" / "debian")
    if "tailscale-debs" in built:
        publish_tailscale(build, signer, tree / "pkgs.tailscale.com" / "stable")
    if "headscale-debs" in built:
        publish_headscale(build, tree)
    if "cni-archive" in built:
        publish_plugins(build, tree)
    for (part, _), folder in build.made.items():
        if part.removeprefix("image-") in IMAGES and part.startswith("image-"):
            publish_image(folder, tree)
    publish_trust(build, signer, tree)


def made_debs(build: Build, *parts: str) -> list[Path]:
    """The packages of these parts, of all requested architectures."""
    folders = [build.made[part, architecture] for part in parts for architecture in build.request.architectures]
    return [deb for folder in folders for deb in sorted(folder.glob("*.deb"))]


def publish_kubernetes(build: Build, signer: Signer, tree: Path) -> None:
    """Publish pkgs.k8s.io (a repository for each minor) and the programs of dl.k8s.io."""
    version = build.request.kubernetes
    root = tree / "pkgs.k8s.io" / "core:" / "stable:" / f"v{version.rsplit('.', 1)[0]}" / "deb"
    suite = Suite(root, "", FLAT, "isv:kubernetes:core:stable", "{architecture}")
    publish(suite, made_debs(build, "kubernetes-debs", "cni-debs"), signer)
    write(root / "Release.key", signer.public(armor=True))
    for architecture in build.request.architectures:
        for program in ("kubeadm", "kubelet", "kubectl"):
            source = build.made["kubernetes", architecture] / "bin" / program
            for folder in (f"v{version}", f"release/v{version}"):
                publish_file(source, tree / "dl.k8s.io" / folder / "bin/linux" / architecture / program, named=False)


def publish_docker(build: Build, signer: Signer, root: Path) -> None:
    """Publish download.docker.com, a suite for each Debian release."""
    for suite in SUITES:
        debs = [deb for deb in made_debs(build, "docker-debs") if f"~{suite}_" in deb.name]
        publish(
            Suite(root, f"dists/{suite}", "stable", "Docker CE", f"dists/{suite}/pool/stable/{{architecture}}"),
            debs,
            signer,
        )
    write(root / "gpg", signer.public(armor=True))


def publish_tailscale(build: Build, signer: Signer, root: Path) -> None:
    """Publish pkgs.tailscale.com: all suites share a pool."""
    keyring = "/usr/share/keyrings/tailscale-archive-keyring.gpg"
    for suite in SUITES:
        publish(
            Suite(root / "debian", f"dists/{suite}", "main", "Tailscale", "pool"),
            made_debs(build, "tailscale-debs"),
            signer,
        )
        write(root / "debian" / f"{suite}.noarmor.gpg", signer.public(armor=False))
        write(root / "debian" / f"{suite}.asc", signer.public(armor=True))
        source = f"# Tailscale packages for debian {suite}\ndeb [signed-by={keyring}] https://pkgs.tailscale.com/stable/debian {suite} main\n"
        write(root / "debian" / f"{suite}.tailscale-keyring.list", source.encode())


def headscale_files(build: Build) -> Iterable[tuple[str, Path]]:
    """The release's files: packages and bare programs."""
    version = build.request.headscale
    for architecture in build.request.architectures:
        deb = next(build.made["headscale-debs", architecture].glob("*.deb"))
        yield f"headscale_{version}_linux_{architecture}.deb", deb
        yield f"headscale_{version}_linux_{architecture}", build.made["headscale", architecture] / "bin/headscale"


def publish_headscale(build: Build, tree: Path) -> None:
    """Publish headscale's release on github.com, with checksums.txt."""
    release = tree / "github.com/juanfont/headscale/releases/download" / f"v{build.request.headscale}"
    for name, source in headscale_files(build):
        link(source, release / name)
    files = sorted(file for file in release.iterdir() if file.name.startswith("headscale_"))
    write(release / "checksums.txt", "".join(f"{sha256(file)}  {file.name}\n" for file in files).encode())


def publish_plugins(build: Build, tree: Path) -> None:
    """Publish the CNI plugins' release on github.com."""
    release = tree / "github.com/containernetworking/plugins/releases/download" / f"v{build.request.cni_plugins}"
    for architecture in build.request.architectures:
        archive = next(build.made["cni-archive", architecture].glob("*.tgz"))
        publish_file(archive, release / archive.name, named=True)


def publish_file(source: Path, target: Path, *, named: bool) -> None:
    """Publish a file and its .sha256, which holds the sum alone or (`named`) also the file's name, as in each project."""
    link(source, target)
    write(
        target.with_name(f"{target.name}.sha256"),
        (f"{sha256(source)}  {target.name}\n" if named else sha256(source)).encode(),
    )


def publish_image(folder: Path, tree: Path) -> None:
    """Add one architecture of an image to its registries; the tag's index lists all architectures added so far."""
    described = json.loads((folder / "image.json").read_text())
    descriptor = described["descriptor"]
    for name in described["names"]:
        place, tag = name.rsplit(":", 1)
        registry, repository = place.split("/", 1)
        root = tree / registry / "v2" / repository
        for blob in folder.glob("sha256:*"):
            link(blob, root / "blobs" / blob.name)
        link(folder / descriptor["digest"], root / "manifests" / descriptor["digest"])
        seen = root / "manifests" / f".{tag}"
        write(seen / descriptor["platform"]["architecture"], json.dumps(descriptor).encode())
        index = make_index([json.loads(file.read_text()) for file in sorted(seen.iterdir())])
        write(root / "manifests" / f"sha256:{hashlib.sha256(index).hexdigest()}", index)
        write(root / "manifests" / tag, index)


def publish_trust(build: Build, signer: Signer, tree: Path) -> None:
    """Write the keys and hashes that replace the projects' own, and the versions that were built in place of others."""
    known: dict[str, Any] = json.loads((tree / TRUST).read_text()) if (tree / TRUST).is_file() else {"sha256": {}}
    known["key_fingerprints"] = dict.fromkeys(("kubernetes", "docker", "tailscale"), signer.fingerprint())
    releases = tree / "github.com"
    for file in releases.rglob("*"):
        if file.suffix in (".deb", ".tgz") and not file.name.startswith("."):
            known["sha256"][f"https://github.com/{file.relative_to(releases)}"] = sha256(file)
    write(tree / TRUST, json.dumps(known, indent=2, sort_keys=True).encode())
    notes = json.loads((tree / SUBSTITUTES).read_text()) if (tree / SUBSTITUTES).is_file() else {}
    for (part, architecture), folder in build.made.items():
        if (folder / "built-from").is_file():
            notes[f"{part} {folder.parent.name} {architecture}"] = (folder / "built-from").read_text()
    write(tree / SUBSTITUTES, json.dumps(notes, indent=2, sort_keys=True).encode())


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
