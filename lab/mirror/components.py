"""Each program and base layer, for one architecture: its place in the cache and how it is built."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
from pathlib import Path

from lab.mirror import native, programs
from lab.mirror.build import Build
from lab.mirror.commands import run
from lab.mirror.oci import make_layer

HERE = Path(__file__).parent


def code_hash(*names: str) -> str:
    """A hash of the code that makes packages or images (not of its layout or comments): a cache key, so a change rebuilds them."""
    texts = [(HERE / name).read_text() for name in names]
    bare = [
        ast.unparse(ast.parse(text)) if name.endswith(".py") else text for name, text in zip(names, texts, strict=True)
    ]
    return hashlib.sha256("".join(bare).encode()).hexdigest()[:12]


def kubeadm_tags(build: Build) -> dict[str, str]:
    """The tags of coredns, etcd and pause that this kubeadm lists."""
    kubeadm = build.made["kubernetes", build.machine] / "bin" / "kubeadm"
    listed = run(
        [kubeadm, "config", "images", "list", "--kubernetes-version", f"v{build.request.kubernetes}"],
        why="kubeadm's list of images",
    )
    found = dict(line.rsplit("/", 1)[1].split(":", 1) for line in listed.split())
    return {name: found[name] for name in ("coredns", "etcd", "pause")}


def kubernetes(build: Build, architecture: str) -> Path:
    """Build the programs of nodes and of the control plane."""
    return build.program("kubernetes", programs.KUBERNETES, build.request.kubernetes, architecture)


def tailscale(build: Build, architecture: str) -> Path:
    """Build tailscale and tailscaled."""
    return build.program("tailscale", programs.TAILSCALE, build.request.tailscale, architecture)


def headscale(build: Build, architecture: str) -> Path:
    """Build headscale."""
    return build.program("headscale", programs.HEADSCALE, build.request.headscale, architecture)


def containerd(build: Build, architecture: str) -> Path:
    """Build containerd, ctr and the shim."""
    return build.program("containerd", programs.CONTAINERD, build.request.containerd, architecture)


def flannel(build: Build, architecture: str) -> Path:
    """Build flanneld and the program that installs its configuration."""
    return build.program("flannel", programs.FLANNEL, build.request.flannel, architecture)


def cni_plugins(build: Build, architecture: str) -> Path:
    """Build the plugins of the CNI project's release."""
    return build.program("cni-plugins", programs.CNI_PLUGINS, build.request.cni_plugins, architecture)


def flannel_cni(build: Build, architecture: str) -> Path:
    """Build flannel's own CNI plugin."""
    return build.program("flannel-cni", programs.FLANNEL_CNI, programs.FLANNEL_CNI_VERSION, architecture)


def coredns(build: Build, architecture: str) -> Path:
    """Build the coredns that this kubeadm lists."""
    version = kubeadm_tags(build)["coredns"].removeprefix("v")
    return build.near_program("coredns", (programs.COREDNS,), version, architecture)


def etcd(build: Build, architecture: str) -> Path:
    """Build the etcd that this kubeadm lists, with etcdctl and etcdutl."""
    version = kubeadm_tags(build)["etcd"].split("-")[0]
    return build.near_program("etcd", (programs.ETCD, programs.ETCDCTL, programs.ETCDUTL), version, architecture)


def libseccomp(build: Build, architecture: str) -> Path:
    """Extract the library that runc is linked with."""
    target = build.cache.path("libseccomp", native.RELEASE, architecture, "extract")
    return build.step(
        f"libseccomp {architecture}",
        target,
        lambda folder: native.extract(["libseccomp-dev"], architecture, folder / "root"),
    )


def runc(build: Build, architecture: str) -> Path:
    """Build the runc that this containerd was released with."""
    source = build.source(programs.CONTAINERD, build.request.containerd)
    version = (source / "script/setup/runc-version").read_text().strip().removeprefix("v")
    return build.program("runc", programs.RUNC, version, architecture, build.made["libseccomp", architecture] / "root")


def pause(build: Build, architecture: str) -> Path:
    """Build the pause container's program."""
    target = build.cache.path("pause", "c", architecture, native.PAUSE)
    return build.step(f"pause {architecture}", target, lambda folder: native.pause(folder, architecture))


def busybox(build: Build, architecture: str) -> Path:
    """Build a base layer: busybox under all its names."""

    def make(folder: Path) -> None:
        native.extract(["busybox-static"], architecture, folder / "root")
        if architecture == build.machine:
            (folder / "applets").write_text("\n".join(native.applets(folder / "root/bin/busybox")))
        native.link_applets(folder / "root", applet_names(build, folder))
        pack_root(folder)

    return build.step(
        f"busybox {architecture}", build.cache.path("busybox", native.RELEASE, architecture, base_recipe()), make
    )


def applet_names(build: Build, folder: Path) -> list[str]:
    """The names of busybox's applets, the same for all architectures."""
    known = folder if (folder / "applets").is_file() else build.made["busybox", build.machine]
    return (known / "applets").read_text().split()


def network_tools(build: Build, architecture: str) -> Path:
    """Build the base layer of kube-proxy and flannel."""

    def make(folder: Path) -> None:
        native.network_tools(folder / "root", architecture, applet_names(build, build.made["busybox", build.machine]))
        pack_root(folder)

    return build.step(
        f"network tools {architecture}",
        build.cache.path("network-tools", native.RELEASE, architecture, base_recipe()),
        make,
    )


def base_recipe() -> str:
    """The cache key of the base layers."""
    return code_hash("native.py", "oci.py")


def pack_root(folder: Path) -> None:
    """Turn folder/root into a layer, described by layer.json."""
    layer = make_layer({"": folder / "root"}, folder)
    (folder / "layer.json").write_text(json.dumps(layer.__dict__))
    shutil.rmtree(folder / "root")
