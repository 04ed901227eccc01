"""Everything that the deploy would install on an arm64 host is in the mirror, is arm64, and runs (under qemu-user)."""

from __future__ import annotations

import gzip
import json
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from cluster import sources
from cluster.documents import flannel
from cluster.model import Cluster
from lab.load_inventory import load
from lab.mirror import Request, build, default_cache, tool
from lab.mirror.names import locate
from measure.probes import PROBE_IMAGE
from tests.places import PROJECT

pytestmark = [pytest.mark.lab, pytest.mark.long]
QEMU = "qemu-aarch64-static"
PROGRAMS = {
    "kubelet": ("usr/bin/kubelet", ["--version"]),
    "kubeadm": ("usr/bin/kubeadm", ["version", "-o", "short"]),
    "kubectl": ("usr/bin/kubectl", ["version", "--client"]),
    "containerd.io": ("usr/bin/containerd", ["--version"]),
    "tailscale": ("usr/bin/tailscale", ["version"]),
    "headscale": ("usr/bin/headscale", ["version"]),
}


@pytest.fixture(scope="module")
def declared() -> Cluster:
    return load(PROJECT / "inventory.py")


def wanted(declared: Cluster) -> Request:
    """What the inventory's world needs, for both architectures."""
    return Request(
        kubernetes=declared.kubernetes_version,
        tailscale=declared.tailscale_version,
        headscale=declared.headscale_version,
        containerd=declared.containerd_version,
        flannel=declared.flannel_version,
        cni_plugins=declared.cni_plugins_version,
        architectures=("amd64", "arm64"),
    )


@pytest.fixture(scope="module")
def tree(declared: Cluster) -> Path:
    return build(wanted(declared), default_cache(), print)


def at(tree: Path, url: str) -> Path:
    """The served file of an official address."""
    parts = urlsplit(url)
    place = locate(parts.hostname or "", unquote(parts.path))
    assert place is not None, f"nothing is served at {url}"
    return tree / place


def deb(tree: Path, source: sources.AptSource, package: str, version: str) -> Path:
    """The package's arm64 file, found as apt finds it: by the repository's index."""
    base = source.uri.rstrip("/")
    flat = source.suite == "/"
    index = (
        f"{base}/Packages.gz" if flat else f"{base}/dists/{source.suite}/{source.components}/binary-arm64/Packages.gz"
    )
    stanzas = gzip.decompress(at(tree, index).read_bytes()).decode().split("\n\n")
    for stanza in stanzas:
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if (
            fields.get("Package") == package
            and fields["Architecture"] == "arm64"
            and fields["Version"].startswith(version)
        ):
            return at(tree, f"{base}/{fields['Filename'].removeprefix('./')}")
    raise AssertionError(f"{package} {version} for arm64 is not in {index}")


def runs(program: Path, arguments: list[str]) -> str:
    """What it says of its version, as an arm64 program."""
    machine = program.read_bytes()[18:20]
    assert machine == b"\xb7\x00", f"{program.name} is not an arm64 program"  # e_machine EM_AARCH64 = 183
    done = subprocess.run([QEMU, str(program), *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{program.name}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def packages(declared: Cluster, tree: Path) -> dict[str, Path]:
    site, trust = declared.sites[0], sources.Pins()
    kubernetes = sources.kubernetes(declared, site, trust)
    found = {
        name: deb(tree, kubernetes, name, declared.kubernetes_version) for name in ("kubelet", "kubeadm", "kubectl")
    }
    docker = sources.docker(site, trust, "debian", "bookworm")
    found["containerd.io"] = deb(tree, docker, "containerd.io", declared.containerd_version)
    tailscale = sources.tailscale(site, trust, "debian", "bookworm")
    found["tailscale"] = deb(tree, tailscale, "tailscale", declared.tailscale_version)
    found["headscale"] = at(tree, sources.headscale(declared, site, trust, "arm64").official_url)
    return found


def test_packages_are_there_and_their_programs_run(declared: Cluster, tree: Path, tmp_path: Path) -> None:
    versions = {
        "containerd.io": declared.containerd_version,
        "tailscale": declared.tailscale_version,
        "headscale": declared.headscale_version,
    }
    for name, package in packages(declared, tree).items():
        subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path / name)], check=True)
        program, arguments = PROGRAMS[name]
        assert versions.get(name, declared.kubernetes_version) in runs(tmp_path / name / program, arguments)


def test_cni_plugins_are_there_and_run(declared: Cluster, tree: Path, tmp_path: Path) -> None:
    download = sources.cni_plugins(declared, declared.sites[0], sources.Pins(), "arm64")
    with tarfile.open(at(tree, download.official_url)) as archive:
        archive.extractall(tmp_path, filter="data")
    for plugin in ("bridge", "host-local", "loopback", "portmap"):
        assert "CNI" in runs(tmp_path / plugin, ["--help"])


def images(declared: Cluster) -> list[str]:
    """What nodes pull: kubeadm's own list, the pod network's, and verify's probe."""
    kubeadm = tool(wanted(declared), default_cache(), "kubeadm")
    command = [str(kubeadm), "config", "images", "list", "--kubernetes-version", f"v{declared.kubernetes_version}"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    values = flannel.manifest_values(declared)
    return [*listed, values["image"], values["plugin_image"], PROBE_IMAGE]


def test_every_image_that_nodes_pull_has_an_arm64_version(declared: Cluster, tree: Path) -> None:
    wanted_images = images(declared)
    assert len(wanted_images) > 8
    for image in wanted_images:
        registry, rest = image.split("/", 1)
        repository, tag = rest.rsplit(":", 1)
        index = json.loads(at(tree, f"https://{registry}/v2/{repository}/manifests/{tag}").read_text())
        assert "arm64" in {entry["platform"]["architecture"] for entry in index["manifests"]}, image
