"""The served images: where each is published, what it holds and how it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BUSYBOX_TAG = "1.36.1-1"
BINARIES = "usr/local/bin"


@dataclass(frozen=True)
class Image:
    """One image of one architecture. `names` are registry/repository:tag; `base` names a prepared root, or none."""

    names: tuple[str, ...]
    files: Mapping[str, Path]
    start: Mapping[str, Any]
    base: str = ""


@dataclass(frozen=True)
class Parts:
    """Folders of the finished programs of one architecture, and the tags that kubeadm asks for."""

    kubernetes: Path
    coredns: Path
    etcd: Path
    pause: Path
    flannel: Path
    flannel_cni: Path
    kubernetes_version: str
    flannel_version: str
    flannel_cni_tag: str
    tags: Mapping[str, str] = field(default_factory=dict)


def kubernetes_image(name: str, parts: Parts) -> Image:
    """A control-plane program, alone in its image; kube-proxy also has what it calls."""
    return Image(
        names=(f"registry.k8s.io/{name}:v{parts.kubernetes_version}",),
        files={f"{BINARIES}/{name}": parts.kubernetes / "bin" / name},
        start={"Entrypoint": [f"/{BINARIES}/{name}"]},
        base="network-tools" if name == "kube-proxy" else "",
    )


def all_images(parts: Parts) -> list[Image]:
    """What `kubeadm config images list` names, flannel's two, and a busybox for tests."""
    kube = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
    etcd = {f"{BINARIES}/{file.name}": file for file in (parts.etcd / "bin").iterdir()}
    tags = parts.tags
    return [
        *(kubernetes_image(name, parts) for name in kube),
        Image((f"registry.k8s.io/coredns/coredns:{tags['coredns']}",), {"coredns": parts.coredns / "bin/coredns"}, {"Entrypoint": ["/coredns"]}),
        Image((f"registry.k8s.io/etcd:{tags['etcd']}",), etcd, {"Entrypoint": [f"/{BINARIES}/etcd"]}),
        Image((f"registry.k8s.io/pause:{tags['pause']}",), {"pause": parts.pause / "pause"}, {"Entrypoint": ["/pause"], "User": "65535:65535"}),
        Image(
            (f"ghcr.io/flannel-io/flannel:v{parts.flannel_version}", f"docker.io/flannel/flannel:v{parts.flannel_version}"),
            {f"opt/bin/{name}": parts.flannel / "bin" / name for name in ("flanneld", "install-conf")},
            {"Entrypoint": ["/opt/bin/flanneld"]},
            "network-tools",
        ),
        Image(
            (f"ghcr.io/flannel-io/flannel-cni-plugin:{parts.flannel_cni_tag}", f"docker.io/flannel/flannel-cni-plugin:{parts.flannel_cni_tag}"),
            {"flannel": parts.flannel_cni / "bin/flannel"},
            {"Cmd": ["sh"]},
            "busybox",
        ),
        Image((f"registry.k8s.io/e2e-test-images/busybox:{BUSYBOX_TAG}", "docker.io/library/busybox:1.36.1"), {}, {"Cmd": ["sh"]}, "busybox"),
    ]
