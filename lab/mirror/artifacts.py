"""Packages and images from the built programs, and the order in which all artifacts are made."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path

from lab.mirror import components, images, packages, programs
from lab.mirror.build import Build
from lab.mirror.deb import Deb, build_deb
from lab.mirror.images import Image
from lab.mirror.oci import Layer, make_layer, make_manifest
from lab.mirror.request import Request, machine_architecture

Maker = Callable[[Build, str], Path]


def debs(build: Build, architecture: str, name: str, group: list[Deb]) -> Path:
    """Build the packages of one repository, each with its index paragraph, in one folder."""
    shipped = sorted(f"files/{file.name}" for file in packages.FILES.iterdir())
    code = components.code_hash("deb.py", "packages.py", *shipped)
    recipe = [code, [[deb.control(0), sorted(map(str, deb.files.values()))] for deb in group]]
    target = build.cache.path(f"debs-{name}", group[0].version, architecture, recipe)

    def make(folder: Path) -> None:
        for deb in group:
            build_deb(deb, folder)

    return build.step(f"{name} packages {architecture}", target, make)


def kubernetes_debs(build: Build, architecture: str) -> Path:
    """Build the packages kubelet, kubeadm and kubectl."""
    return debs(
        build,
        architecture,
        "kubernetes",
        packages.kubernetes(build.request.kubernetes, architecture, build.made["kubernetes", architecture]),
    )


def cni_debs(build: Build, architecture: str) -> Path:
    """Build the package kubernetes-cni."""
    deb = packages.kubernetes_cni(build.request.cni_plugins, architecture, build.made["cni-plugins", architecture])
    return debs(build, architecture, "cni", [deb])


def docker_debs(build: Build, architecture: str) -> Path:
    """Build the package containerd.io for each Debian release."""
    version = build.request.containerd
    source = build.source(programs.CONTAINERD, version)
    made = (build.made["containerd", architecture], build.made["runc", architecture], source)
    group = [packages.containerd_io(version, architecture, suite, *made) for suite in packages.SUITES]
    return debs(build, architecture, "docker", group)


def tailscale_debs(build: Build, architecture: str) -> Path:
    """Build the package tailscale."""
    version = build.request.tailscale
    source = build.source(programs.TAILSCALE, version)
    deb = packages.tailscale(version, architecture, build.made["tailscale", architecture], source)
    return debs(build, architecture, "tailscale", [deb])


def headscale_debs(build: Build, architecture: str) -> Path:
    """Build the package headscale."""
    version = build.request.headscale
    source = build.source(programs.HEADSCALE, version)
    deb = packages.headscale(version, architecture, build.made["headscale", architecture], source)
    return debs(build, architecture, "headscale", [deb])


def cni_archive(build: Build, architecture: str) -> Path:
    """Build the CNI plugins' release archive."""
    version, plugins = build.request.cni_plugins, build.made["cni-plugins", architecture]
    target = build.cache.path("cni-archive", version, architecture, plugins.name)

    def make(folder: Path) -> None:
        archive = folder / f"cni-plugins-linux-{architecture}-v{version}.tgz"
        layer = make_layer({"": plugins / "bin"}, folder)
        (folder / layer.digest).rename(archive)

    return build.step(f"cni archive {architecture}", target, make)


def image_list(build: Build, architecture: str) -> dict[str, Image]:
    """The images by short name."""
    return images.all_images(
        {part: folder for (part, built), folder in build.made.items() if built == architecture},
        {
            "kubernetes": f"v{build.request.kubernetes}",
            "flannel": f"v{build.request.flannel}",
            "flannel-cni": programs.FLANNEL_CNI_TAG,
            **(components.kubeadm_tags(build) if ("etcd", architecture) in build.made else {}),
        },
    )


def image(name: str, build: Build, architecture: str) -> Path:
    """Build one image of one architecture: its blobs, and image.json with its descriptor and names."""
    return described_image(name, image_list(build, architecture)[name], build, architecture)


def described_image(name: str, described: Image, build: Build, architecture: str) -> Path:
    """Build an image from its description."""
    base = build.made[described.base, architecture] if described.base else None
    recipe = [
        components.base_recipe(),
        described.names,
        described.start,
        sorted(map(str, described.files.items())),
        str(base),
    ]
    target = build.cache.path(f"image-{name}", described.names[0].rsplit(":", 1)[1], architecture, recipe)
    return build.step(
        f"image {name} {architecture}", target, lambda folder: make_image(described, base, architecture, folder)
    )


def make_image(described: Image, base: Path | None, architecture: str, folder: Path) -> None:
    """Write the blobs and image.json."""
    layers = []
    if base:
        shared = Layer(**json.loads((base / "layer.json").read_text()))
        os.link(base / shared.digest, folder / shared.digest)
        layers.append(shared)
    if described.files:
        layers.append(make_layer(described.files, folder))
    descriptor = make_manifest(folder, architecture, layers, described.start)
    (folder / "image.json").write_text(json.dumps({"names": described.names, "descriptor": descriptor}))


MAKERS: dict[str, Maker] = {
    "kubernetes": components.kubernetes,
    "busybox": components.busybox,
    "network-tools": components.network_tools,
    "pause": components.pause,
    "tailscale": components.tailscale,
    "headscale": components.headscale,
    "containerd": components.containerd,
    "libseccomp": components.libseccomp,
    "runc": components.runc,
    "flannel": components.flannel,
    "cni-plugins": components.cni_plugins,
    "flannel-cni": components.flannel_cni,
    "coredns": components.coredns,
    "etcd": components.etcd,
    "kubernetes-debs": kubernetes_debs,
    "cni-debs": cni_debs,
    "docker-debs": docker_debs,
    "tailscale-debs": tailscale_debs,
    "headscale-debs": headscale_debs,
    "cni-archive": cni_archive,
    **{f"image-{name}": partial(image, name) for name in images.NAMES},
}
OWN = ("kubernetes", "busybox")  # kubeadm, kubectl and busybox also run on this machine
# Part → the parts that it is made of. kubeadm lists the tags of coredns, etcd and pause.
NEEDS: dict[str, tuple[str, ...]] = {
    "network-tools": ("busybox",),
    "runc": ("libseccomp",),
    "coredns": ("kubernetes",),
    "etcd": ("kubernetes",),
    "kubernetes-debs": ("kubernetes",),
    "cni-debs": ("cni-plugins",),
    "docker-debs": ("containerd", "runc"),
    "tailscale-debs": ("tailscale",),
    "headscale-debs": ("headscale",),
    "cni-archive": ("cni-plugins",),
    **{f"image-{name}": ("kubernetes", "network-tools") for name in images.KUBERNETES},
    **{f"image-{name}": ("coredns", "etcd", "pause") for name in ("coredns", "etcd", "pause")},
    **{
        f"image-{name}": ("flannel", "flannel-cni", "network-tools", "busybox")
        for name in ("flannel", "flannel-cni-plugin")
    },
    "image-busybox": ("busybox",),
}


def plan(request: Request, needless: Collection[str] = ()) -> list[tuple[str, str]]:
    """Every (part, architecture) in build order. `needless`: served parts that need not be built, and what only they need with them."""
    machine = machine_architecture()
    needed = closure(part for part in MAKERS if is_served(part) and part not in needless)
    before = [] if machine in request.architectures else [(part, machine) for part in OWN if part in needed]
    ordered = sorted(request.architectures, key=lambda architecture: architecture != machine)
    return [*before, *((part, architecture) for architecture in ordered for part in MAKERS if part in needed)]


def is_served(part: str) -> bool:
    """Whether hosts get it, and not only other parts."""
    return part == "cni-archive" or part.endswith("-debs") or part.startswith("image-")


def closure(parts: Iterable[str]) -> set[str]:
    """The parts and everything that they are made of."""
    found: set[str] = set()
    open_parts = list(parts)
    while open_parts:
        part = open_parts.pop()
        if part not in found:
            found.add(part)
            open_parts += NEEDS.get(part, ())
    return found
