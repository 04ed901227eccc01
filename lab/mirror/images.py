"""The served images: where each is published, what it holds and how it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BINARIES = "usr/local/bin"
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
# Under the name by which verify's pods and Kubernetes' tests have it, and Docker Hub's.
BUSYBOX = ("registry.k8s.io/e2e-test-images/busybox:1.36.1-1", "docker.io/library/busybox:1.36.1")
NAMES = (*KUBERNETES, "coredns", "etcd", "pause", "flannel", "flannel-cni-plugin", "busybox")


@dataclass(frozen=True)
class Image:
    """One image of one architecture. `names` are registry/repository:tag; `base` names a prepared layer, or none."""

    names: tuple[str, ...]
    files: Mapping[str, Path]
    start: Mapping[str, Any]
    base: str = ""


def kubernetes_image(name: str, folder: Path, tag: str) -> Image:
    """A control-plane program, alone in its image; kube-proxy also has what it calls."""
    return Image(
        names=(f"registry.k8s.io/{name}:{tag}",),
        files={f"{BINARIES}/{name}": folder / "bin" / name},
        start={"Entrypoint": [f"/{BINARIES}/{name}"]},
        base="network-tools" if name == "kube-proxy" else "",
    )


def flannel_images(made: Mapping[str, Path], tag: str, cni_tag: str) -> dict[str, Image]:
    """flannel's two, laid out as its own manifest expects."""
    daemon = {f"opt/bin/{name}": made["flannel"] / "bin" / name for name in ("flanneld", "install-conf")}
    plugin = {"flannel": made["flannel-cni"] / "bin/flannel"}
    return {
        "flannel": Image(
            (f"ghcr.io/flannel-io/flannel:{tag}", f"docker.io/flannel/flannel:{tag}"),
            daemon,
            {"Entrypoint": ["/opt/bin/flanneld"]},
            "network-tools",
        ),
        "flannel-cni-plugin": Image(
            (f"ghcr.io/flannel-io/flannel-cni-plugin:{cni_tag}", f"docker.io/flannel/flannel-cni-plugin:{cni_tag}"),
            plugin,
            {"Cmd": ["sh"]},
            "busybox",
        ),
    }


def listed_images(made: Mapping[str, Path], tags: Mapping[str, str]) -> dict[str, Image]:
    """The images whose tags kubeadm decides."""
    etcd = {f"{BINARIES}/{file.name}": file for file in sorted((made["etcd"] / "bin").iterdir())}
    dns = f"registry.k8s.io/coredns/coredns:{tags['coredns']}"
    return {
        "coredns": Image((dns,), {"coredns": made["coredns"] / "bin/coredns"}, {"Entrypoint": ["/coredns"]}),
        "etcd": Image((f"registry.k8s.io/etcd:{tags['etcd']}",), etcd, {"Entrypoint": [f"/{BINARIES}/etcd"]}),
        "pause": Image(
            (f"registry.k8s.io/pause:{tags['pause']}",),
            {"pause": made["pause"] / "pause"},
            {"Entrypoint": ["/pause"], "User": "65535:65535"},
        ),
    }


def all_images(made: Mapping[str, Path], tags: Mapping[str, str]) -> dict[str, Image]:
    """What `kubeadm config images list` names, flannel's two, and a busybox for tests, as far as their programs are made; by short name."""
    found = {"busybox": Image(BUSYBOX, {}, {"Cmd": ["sh"]}, "busybox")}
    if "kubernetes" in made:
        found |= {name: kubernetes_image(name, made["kubernetes"], tags["kubernetes"]) for name in KUBERNETES}
    if "etcd" in made:
        found |= listed_images(made, tags)
    if "flannel" in made:
        found |= flannel_images(made, tags["flannel"], tags["flannel-cni"])
    return found
