"""Kubernetes' own tests: the programs that run them, and the images they use, built from source like all else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lab.mirror import artifacts, components, native, programs
from lab.mirror.build import Build, Progress
from lab.mirror.build_cache import BuildCache
from lab.mirror.commands import run
from lab.mirror.golang import GoProgram, GoTests
from lab.mirror.images import Image
from lab.mirror.request import MirrorError, Request, machine_architecture
from lab.mirror.tree import publish_image

TESTS = GoTests(programs.KUBERNETES.module, ("test/e2e",), stamps=programs.kubernetes_stamps())
AGNHOST = GoProgram(programs.KUBERNETES.module, ("test/images/agnhost",))
GINKGO = GoProgram("github.com/onsi/ginkgo/v2", ("ginkgo",))
# What tests call in a pod, beside busybox's names.
TOOLS = ("bash", "bind9-dnsutils", "busybox-static", "curl", "iproute2", "libc-bin", "netcat-openbsd")
WEB = ("busybox-static", "nginx")
FOLDERS = {"root": 0o700, "tmp": 0o1777, "uploads": 0o755, "var/log/nginx": 0o755, "var/lib/nginx": 0o755}
# busybox's shell calls its own nc, whatever PATH says, and that one lacks what tests ask of it.
LINKS = {"nc": "nc.openbsd", "sh": "bash"}
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nginx/nginx.conf": (
        "user root root;\npid /tmp/nginx.pid;\nerror_log /dev/stderr;\nevents {}\n"
        "http { access_log /dev/stdout; server { listen 80; root /usr/share/nginx/html; } }\n"
    ),
}
# The layer below each image, by the last part of the image's name; one that is not here can't be built.
BASES = {
    "agnhost": "e2e-tools",
    "busybox": "busybox",
    "glibc-dns-testing": "e2e-tools",
    "jessie-dnsutils": "e2e-tools",  # its name until Kubernetes 1.35
    "nginx": "e2e-web",
}
STARTS: Mapping[str, Mapping[str, Any]] = {
    "agnhost": {"Entrypoint": ["/agnhost"], "Cmd": ["pause"]},
    "nginx": {"Cmd": ["nginx", "-g", "daemon off;"]},
}


@dataclass(frozen=True)
class Tests:
    """What runs the tests of one Kubernetes on this machine; `missing` are images that tests may want and nobody serves."""

    program: Path
    ginkgo: Path
    missing: tuple[str, ...]


def build_tests(request: Request, cache: Path, progress: Progress) -> Tests:
    """Build what is missing, and have the tree, which build() made, hold the images for all architectures that are wanted."""
    build_cache, machine = BuildCache(cache), machine_architecture()
    with build_cache.locked(progress):
        build = Build(request, build_cache, progress)
        build.run(plan(request), MAKERS)
        program = build.made["e2e-tests", machine] / "bin/e2e.test"
        listed = list_images(program)
        for name, names in grouped(listed).items():
            for architecture in request.architectures:
                publish_image(image(name, names, build, architecture), cache / "tree")
        build.go.trim(progress)
    missing = tuple(name for name in listed if not is_served(cache / "tree", name))
    return Tests(program, build.made["ginkgo", machine] / "bin/ginkgo", missing)


def plan(request: Request) -> list[tuple[str, str]]:
    """Every (part, architecture) in the order it is made: the programs run on this machine, the images on the hosts."""
    machine = machine_architecture()
    ordered = sorted({machine, *request.architectures}, key=lambda architecture: architecture != machine)
    programs_here = [("e2e-tests", machine), ("ginkgo", machine)]
    return [*programs_here, *((part, architecture) for architecture in ordered for part in LAYERED)]


def tests(build: Build, architecture: str) -> Path:
    """e2e.test."""
    return build.program("e2e-tests", TESTS, build.request.kubernetes, architecture)


def ginkgo(build: Build, architecture: str) -> Path:
    """The program that runs several e2e.test side by side, of the version that this Kubernetes names."""
    text = (build.source(programs.KUBERNETES, build.request.kubernetes) / "go.mod").read_text()
    found = re.search(rf"^\s*{re.escape(GINKGO.module)} v(\S+)", text, re.M)
    if not found:
        raise MirrorError(f"mirror: {GINKGO.module}: Kubernetes {build.request.kubernetes} names no version of it")
    return build.program("ginkgo", GINKGO, found[1], architecture)


def agnhost(build: Build, architecture: str) -> Path:
    """Most tests' pods."""
    return build.program("e2e-agnhost", AGNHOST, build.request.kubernetes, architecture)


def layer(part: str, packages: Sequence[str], build: Build, architecture: str) -> Path:
    """An image's first layer: files of Debian packages, and busybox's names where they have none."""

    def make(folder: Path) -> None:
        root = folder / "root"
        native.extract(packages, architecture, root)
        native.link_applets(root, components.applet_names(build, build.made["busybox", build.machine]))
        furnish(root)
        components.pack_root(folder)

    recipe = [components.base_recipe(), packages, FOLDERS, FILES, LINKS, inspect.getsource(furnish)]
    target = build.cache.path(part, native.RELEASE, architecture, recipe)
    return build.step(f"{part} {architecture}", target, make)


def furnish(root: Path) -> None:
    """What packages leave to their installation."""
    for name, mode in FOLDERS.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(mode)
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, program in LINKS.items():
        if (root / "bin" / program).exists():
            (root / "bin" / name).unlink(missing_ok=True)
            (root / "bin" / name).symlink_to(program)


def list_images(program: Path) -> list[str]:
    """All that any test of this Kubernetes may use, as registry/repository:tag; the order differs from call to call."""
    return sorted(run([program, "--list-images"], why="the tests' images").split())


def grouped(listed: Sequence[str]) -> dict[str, list[str]]:
    """The listed images that can be built, by the last part of their names. Two tags of one name are one image here."""
    return {name: found for name in BASES if (found := [one for one in listed if short_name(one) == name])}


def short_name(image_name: str) -> str:
    """`registry.k8s.io/e2e-test-images/agnhost:2.63.0` → agnhost."""
    return image_name.rpartition("/")[2].partition(":")[0]


def image(name: str, names: Sequence[str], build: Build, architecture: str) -> Path:
    """One image of one architecture."""
    files = {}
    if name == "agnhost":
        certificates = build.source(programs.KUBERNETES, build.request.kubernetes) / "test/images/agnhost/porter"
        files = {file.name: file for file in certificates.glob("localhost.*")}
        files["agnhost"] = build.made["e2e-agnhost", architecture] / "bin/agnhost"
    described = Image(tuple(names), files, STARTS.get(name, {"Cmd": ["sh"]}), BASES[name])
    return artifacts.described_image(f"e2e-{name}", described, build, architecture)


def is_served(tree: Path, name: str) -> bool:
    """Whether the tree has an image of that name."""
    place, _, tag = name.rpartition(":")
    registry, _, repository = place.partition("/")
    return (tree / registry / "v2" / repository / "manifests" / tag).is_file()


LAYERED: dict[str, Callable[[Build, str], Path]] = {
    "busybox": components.busybox,
    "e2e-tools": partial(layer, "e2e-tools", TOOLS),
    "e2e-web": partial(layer, "e2e-web", WEB),
    "e2e-agnhost": agnhost,
}
MAKERS = {"e2e-tests": tests, "ginkgo": ginkgo, **LAYERED}
