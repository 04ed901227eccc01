"""What the publishers have at their official names: small, and signed by keys of the test."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.observed.gpg import parse_colons
from lab.mirror.deb import Deb, build_deb
from lab.mirror.oci import INDEX, MANIFEST

KUBERNETES = "pkgs.k8s.io/core:/stable:/v1.36/deb"
DOCKER = "download.docker.com/linux/debian"
TAILSCALE = "pkgs.tailscale.com/stable/debian"
CNI = "github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz"
HEADSCALE = "github.com/juanfont/headscale/releases/download/v0.29.3"
LISTED = ("coredns/coredns:v1.14.3", "pause:3.10.1", "etcd:3.6.8-0")
KUBEADM = "\n".join(f"registry.k8s.io/{name}" for name in ("kube-proxy:v1.36.3", *LISTED))


class Key:
    """A signing key in a home of its own."""

    def __init__(self, home: Path, owner: str) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        self.gpg("--passphrase", "", "--quick-gen-key", owner, "ed25519", "sign")
        (self.fingerprint,) = parse_colons(self.gpg("--with-colons", "--list-keys").decode().splitlines())
        self.armored, self.binary = self.gpg("--export", "--armor"), self.gpg("--export")

    def gpg(self, *words: str, data: bytes = b"") -> bytes:
        command = ["gpg", "--batch", "--quiet", "--homedir", str(self.home), *words]
        return subprocess.run(command, input=data, check=True, capture_output=True).stdout

    def sign(self, text: str) -> bytes:
        return self.gpg("--clearsign", data=text.encode())

    def end(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"], check=True)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    path: str
    content: bytes
    depends: str = ""

    def stanza(self) -> str:
        fields = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": "amd64",
            "Depends": self.depends,
            "Filename": self.path,
            "Size": str(len(self.content)),
            "SHA256": sha256(self.content),
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def repository(root: str, suite: str, index: str, packages: Sequence[Package], key: Key) -> dict[str, bytes]:
    """Its files; the form of the index without compression is listed and not there, as in many repositories."""
    text = "\n".join(package.stanza() for package in packages).encode()
    zipped = gzip.compress(text, mtime=0)
    rows = [(text, index), (zipped, f"{index}.gz")]
    sums = {
        name: "".join(f" {hashlib.new(name, data).hexdigest()} {len(data)} {path}\n" for data, path in rows)
        for name in ("sha256", "sha512")
    }
    release = f"Origin: them\nAcquire-By-Hash: yes\nSHA256:\n{sums['sha256']}SHA512:\n{sums['sha512']}"
    base = f"{root}/{suite}".rstrip("/")
    return {
        f"{base}/InRelease": key.sign(release),
        f"{base}/{index}.gz": zipped,
        **{f"{root}/{package.path}": package.content for package in packages},
    }


def image(name: str, architectures: Sequence[str] = ("amd64",)) -> dict[str, bytes]:
    """A tag's index and what it leads to."""
    where, _, tag = name.rpartition(":")
    host, _, path = where.partition("/")
    root = f"{host}/v2/{path}"
    found: dict[str, bytes] = {}
    listed = []
    for architecture in architectures:
        config = json.dumps({"architecture": architecture, "os": "linux", "of": name}).encode()
        layer = f"layer of {name} for {architecture}".encode()
        manifest = json.dumps({
            "mediaType": MANIFEST,
            "config": {"digest": f"sha256:{sha256(config)}"},
            "layers": [{"digest": f"sha256:{sha256(layer)}"}],
        }).encode()  # fmt: skip
        digest = f"sha256:{sha256(manifest)}"
        listed.append({"digest": digest, "platform": {"os": "linux", "architecture": architecture}})
        found |= {f"{root}/blobs/sha256:{sha256(blob)}": blob for blob in (config, layer)}
        found[f"{root}/manifests/{digest}"] = manifest
    return {**found, f"{root}/manifests/{tag}": json.dumps({"mediaType": INDEX, "manifests": listed}).encode()}


def kubernetes(folder: Path, key: Key) -> dict[str, bytes]:
    """Packages whose kubeadm and kubectl can be unpacked and run."""
    packages = []
    for name in ("kubeadm", "kubelet", "kubectl"):
        (folder / "bin").mkdir(exist_ok=True)
        program = folder / "bin" / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{KUBEADM}\nEND\n")
        made = build_deb(Deb(name, "1.36.3-1.1", "amd64", name, {f"/usr/bin/{name}": program}), folder)
        packages.append(
            Package(name, "1.36.3-1.1", f"amd64/{made.name}", made.read_bytes(), "kubernetes-cni (>= 1.2), libc6")
        )
    for version in ("1.9.0-1.1", "1.10.0-1.1"):
        packages.append(
            Package("kubernetes-cni", version, f"amd64/kubernetes-cni_{version}_amd64.deb", version.encode())
        )
    packages.append(Package("kubelet", "1.36.10-1.1", "amd64/kubelet_1.36.10-1.1_amd64.deb", b"not asked for"))
    return {**repository(KUBERNETES, "", "Packages", packages, key), f"{KUBERNETES}/Release.key": key.armored}


def docker(key: Key) -> dict[str, bytes]:
    version = "2.3.7-1~debian.12~bookworm"
    path = f"dists/bookworm/pool/stable/amd64/containerd.io_{version}_amd64.deb"
    packages = [Package("containerd.io", version, path, b"Docker's containerd")]
    files = repository(DOCKER, "dists/bookworm", "stable/binary-amd64/Packages", packages, key)
    return {**files, f"{DOCKER}/gpg": key.armored}


def tailscale(key: Key) -> dict[str, bytes]:
    packages = [Package("tailscale", "1.102.5", "pool/tailscale_1.102.5_amd64.deb", b"tailscale itself")]
    files = repository(TAILSCALE, "dists/bookworm", "main/binary-amd64/Packages", packages, key)
    return {**files, f"{TAILSCALE}/bookworm.noarmor.gpg": key.binary}


def everything(folder: Path, key: Key) -> dict[str, bytes]:
    """Host/path → content of all official names."""
    deb, archive = b"headscale's package", b"the CNI project's archive"
    names = [
        *(f"registry.k8s.io/kube-{name}:v1.36.3" for name in ("apiserver", "controller-manager", "scheduler", "proxy")),
        *(f"registry.k8s.io/{name}" for name in (*LISTED, "e2e-test-images/busybox:1.36.1-1")),
        "registry-1.docker.io/library/busybox:1.36.1",
        "ghcr.io/flannel-io/flannel:v0.28.10",
        "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3",
    ]
    return {
        **kubernetes(folder, key),
        **docker(key),
        **tailscale(key),
        f"{HEADSCALE}/headscale_0.29.3_linux_amd64.deb": deb,
        f"{HEADSCALE}/checksums.txt": f"{'0' * 64}  other\n{sha256(deb)}  headscale_0.29.3_linux_amd64.deb\n".encode(),
        CNI: archive,
        **{address: content for name in names for address, content in image(name).items()},
    }
