"""The mirror: packages, programs and images under their official names, from their publishers or built from source, cached by version."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from lab.mirror import artifacts, programs
from lab.mirror.aptrepo import write
from lab.mirror.build import Build
from lab.mirror.build_cache import BuildCache, recipe_hash
from lab.mirror.components import code_hash
from lab.mirror.e2e import Tests, build_tests
from lab.mirror.foreign import foreign_image
from lab.mirror.names import ACME, DISTRIBUTION, MIRRORS, NAMES, OFFICIAL
from lab.mirror.official.choice import Choice, choose
from lab.mirror.official.parts import Wanted
from lab.mirror.openpgp import signer
from lab.mirror.pebble import build_pebble
from lab.mirror.request import MirrorError, Request, default_cache, machine_architecture
from lab.mirror.tree import TRUST, assemble

__all__ = [
    "ACME",
    "DEBIAN_PACKAGES",
    "DISTRIBUTION",
    "MIRRORS",
    "NAMES",
    "OFFICIAL",
    "Choice",
    "MirrorError",
    "Request",
    "Tests",
    "Wanted",
    "build",
    "build_pebble",
    "build_tests",
    "choose",
    "default_cache",
    "foreign_image",
    "tool",
    "trust",
]  # fmt: skip

# For the builds; the second architecture's compiler is needed only if that is requested.
DEBIAN_PACKAGES = (
    "ca-certificates",
    "dpkg-dev",
    "gcc",
    "gcc-aarch64-linux-gnu",
    "gnupg",
    "libc6-dev",
    "libc6-dev-arm64-cross",
    "mmdebstrap",
    "pkg-config",
    "qemu-user-static",
    "tar",
)


# A change of this code may change the tree, so it is assembled again. It is not part of any artifact's cache key.
TREE_MODULES = tuple(
    f"{name}.py"
    for name in (
        "aptrepo",
        "deb",
        "golang",
        "artifacts",
        "images",
        "native",
        "oci",
        "packages",
        "components",
        "programs",
        "tree",
    )
)


BUILT = Choice()


def build(request: Request, cache: Path, progress: Callable[[str], None], choice: Choice = BUILT) -> Path:
    """Build what is missing, and assemble the tree: tree/<host name>/<path>. A second call builds nothing.

    The tree is shared by all labs of the cache: it keeps every version, each at its own path. What `choice` has from its
    publishers is not built.
    """
    tree = cache / "tree"
    build_cache = BuildCache(cache)
    made = stamp(tree, request, choice)
    if made.is_file():
        return tree
    with build_cache.locked(progress):
        build_cache.remove_leftovers()
        build = Build(request, build_cache, progress)
        build.run(artifacts.plan(request, choice.needless), artifacts.MAKERS)
        with signer(cache) as keys:
            assemble(build, keys, tree)
        write(made, json.dumps(asdict(request)).encode())
        build.go.trim(progress)
    progress(f"mirror: the tree is ready in {tree}")
    return tree


def stamp(tree: Path, request: Request, choice: Choice = BUILT) -> Path:
    """The file that exists once a tree has all of a request."""
    return tree / ".worlds" / recipe_hash([asdict(request), code_hash(*TREE_MODULES), sorted(choice.needless)])


def trust(tree: Path, choice: Choice = BUILT) -> dict[str, dict[str, str]]:
    """The lab's replacements of pinned values: key_fingerprints by project, and sha256 by URL of each released file; none of official parts."""
    known: dict[str, dict[str, str]] = json.loads((tree / TRUST).read_text())
    return choice.trust(known)


def tool(request: Request, cache: Path, name: str, choice: Choice = BUILT) -> Path:
    """A Kubernetes program (kubectl, kubeadm) for this machine; MirrorError before build()."""
    if request.kubernetes in choice.programs:
        return choice.programs[request.kubernetes] / name
    recipe = programs.KUBERNETES.recipe()
    path = BuildCache(cache).path("kubernetes", request.kubernetes, machine_architecture(), recipe) / "bin" / name
    if not path.is_file():
        raise MirrorError(
            f"mirror: {name} {request.kubernetes} is not built yet; run `python -m lab.mirror build --kubernetes {request.kubernetes}`"
        )
    return path
