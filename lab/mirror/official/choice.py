"""Which parts come from their publishers and which are built, decided before anything is built."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster.problems import Problem
from lab.mirror.build_cache import BuildCache
from lab.mirror.official.client import Client, NotHad, at_once
from lab.mirror.official.parts import KUBERNETES, LISTED_IMAGES, PARTS, Asker, Wanted
from lab.mirror.official.store import Files, Store
from lab.mirror.request import MirrorError, machine_architecture

SOURCES = ("auto", "official", "build")
PROBE_SECONDS = 2.5
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """The parts that come from their publishers; by default none.

    `view`: the folder with their files, at host name/path. `programs`: Kubernetes version → folder with kubeadm and kubectl.
    """

    official: tuple[str, ...] = ()
    view: Path | None = None
    programs: Mapping[str, Path] = field(default_factory=dict)

    @property
    def roots(self) -> tuple[str, ...]:
        """What the view serves alone: an index and its packages belong together."""
        return tuple(f"{PARTS[name].host}/" for name in self.official if PARTS[name].pin)

    @property
    def needless(self) -> frozenset[str]:
        """The parts of a build that nothing needs."""
        return frozenset(part for name in self.official for part in PARTS[name].builds)

    def trust(self, built: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """The lab's replacements of pins, without the official parts: for these, the pins of cluster/sources.py decide."""
        pinned = {PARTS[name].pin for name in self.official}
        fingerprints = {name: key for name, key in built["key_fingerprints"].items() if name not in pinned}
        view = self.view
        sha256 = {
            url: value
            for url, value in built["sha256"].items()
            if view is None or not (view / url.removeprefix("https://")).is_file()
        }
        return {"key_fingerprints": fingerprints, "sha256": sha256}


def choose(source: str, wanted: Wanted, cache: Path, progress: Progress, client: Client | None = None) -> Choice:
    """Decide for each part, and print what was decided and why. `build`: no name is asked. MirrorError: `official` can't be met."""
    if source == "build":
        progress("mirror: every part is built here (--source build)")
        return Choice()
    began = time.monotonic()
    client = client or Client()
    reasons = unreachable(client)
    if source == "auto" and set(reasons) == set(PARTS):
        names = len({part.host for part in PARTS.values()})
        seconds = time.monotonic() - began
        progress(f"mirror: every part is built here: none of {names} official names answers ({seconds:.1f} s)")
        return Choice()
    build_cache = BuildCache(cache)
    with build_cache.locked(progress):
        store = Store(cache / "official")
        store.remove_leftovers()
        asking = Asking(Asker(client, store, wanted), progress, reasons)
        asking.ask_all()
        made = asking.choice()
    if source == "official" and asking.reasons:
        raise MirrorError("\n".join(map(str, problems(asking.reasons))))
    progress("\n  ".join([f"mirror: where each part comes from (--source {source})", *table(asking.reasons)]))
    return made


def unreachable(client: Client) -> dict[str, str]:
    """Part → why its names can't be asked; all names are tried at the same time, once, for PROBE_SECONDS."""
    hosts = dict.fromkeys(part.host for part in PARTS.values())
    answers = at_once({host: lambda host=host: client.reach(host, PROBE_SECONDS) for host in hosts}, PROBE_SECONDS)  # type: ignore[misc]
    failed = {host: str(answer) for host, answer in answers.items() if answer is not None}
    return {name: failed[part.host] for name, part in PARTS.items() if part.host in failed}


class Asking:
    """Ask for every part whose names answer. `reasons`: part → why it is built; `files`: part → what was had."""

    def __init__(self, asker: Asker, progress: Progress, reasons: Mapping[str, str]) -> None:
        self.asker, self.progress = asker, progress
        self.reasons = dict(reasons)
        self.files: dict[str, Files] = {}
        self.programs: dict[str, Path] = {}

    def ask_all(self) -> None:
        """Ask, each part beside the others; the images that kubeadm lists after kubeadm itself was had."""
        first = {name: PARTS[name].ask for name in PARTS if name != LISTED_IMAGES}
        self.ask({**first, KUBERNETES: self.kubernetes})
        if KUBERNETES in self.files:
            self.ask({LISTED_IMAGES: self.listed_images})
        else:
            self.reasons.setdefault(LISTED_IMAGES, "kubeadm knows their tags, and it is built")

    def ask(self, how: Mapping[str, Callable[[Asker], Files]]) -> None:
        """Ask for these parts, but not for those with a reason against it."""
        jobs = {name: self.timed(name, ask) for name, ask in how.items() if name not in self.reasons}
        for name, answer in at_once(jobs).items():
            if isinstance(answer, Exception):
                self.reasons[name] = reason_of(answer)
            else:
                self.files[name] = answer

    def timed(self, name: str, ask: Callable[[Asker], Files]) -> Callable[[], Files]:
        """The question, which prints a line when it is answered."""

        def run() -> Files:
            began = time.monotonic()
            found = ask(self.asker)
            size = sum(file.stat().st_size for file in set(found.values()))
            self.progress(f"mirror: {name}: {size / 1e6:.0f} MB checked in {time.monotonic() - began:.0f} s")
            return found

        return run

    def kubernetes(self, asker: Asker) -> Files:
        """The packages, and the programs in them that this machine runs."""
        found = PARTS[KUBERNETES].ask(asker)
        self.programs = unpacked(asker, found)
        return found

    def listed_images(self, asker: Asker) -> Files:
        """The images of which only kubeadm knows the tags."""
        names = [name for version, folder in self.programs.items() for name in listed_by(folder / "kubeadm", version)]
        return asker.images(dict.fromkeys(names))

    def choice(self) -> Choice:
        """What was had."""
        if not self.files:
            return Choice()
        files = {path: file for found in self.files.values() for path, file in found.items()}
        official = tuple(name for name in PARTS if name in self.files)
        return Choice(official, self.asker.store.view(files), self.programs)


def reason_of(failure: Exception) -> str:
    """One line. What a publisher answers is foreign data of any form, so any failure to read it is a reason to build."""
    text = next(iter(str(failure).splitlines()), "")
    if isinstance(failure, NotHad | MirrorError | OSError | subprocess.CalledProcessError):
        return text
    return f"the answer has an unknown form ({type(failure).__name__}: {text})"


def unpacked(asker: Asker, files: Files) -> dict[str, Path]:
    """Kubernetes version → folder with the kubeadm and kubectl of this machine's architecture."""
    found = {}
    for version in dict.fromkeys(cluster.kubernetes_version for cluster in asker.wanted.clusters):
        debs = [deb_of(files, program, version) for program in ("kubeadm", "kubectl")]
        found[version] = asker.store.programs(debs, ("kubeadm", "kubectl"))
    return found


def deb_of(files: Files, program: str, version: str) -> Path:
    """The package of a program for this machine."""
    ending = f"_{machine_architecture()}.deb"
    return next(
        file
        for path, file in files.items()
        if path.endswith(ending) and path.rpartition("/")[2].startswith(f"{program}_{version}-")
    )


def listed_by(kubeadm: Path, version: str) -> list[str]:
    """The images that this kubeadm lists, without Kubernetes' own programs."""
    words = [str(kubeadm), "config", "images", "list", "--kubernetes-version", f"v{version}"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if not name.startswith("registry.k8s.io/kube-")]


def problems(reasons: Mapping[str, str]) -> list[Problem]:
    """Why a lab with --source official can't be made: one problem for each reason."""
    return [
        Problem(
            f"--source official: {', '.join(name for name in PARTS if reasons.get(name) == reason)}",
            reason,
            "with `official` nothing is built that a publisher has",
            "run `python -m lab up --source auto`, which builds what can't be had, or try again later",
        )
        for reason in dict.fromkeys(reasons[name] for name in PARTS if name in reasons)
    ]


def table(reasons: Mapping[str, str]) -> list[str]:
    """A line for each part."""
    width = max(map(len, PARTS))
    return [
        f"{name:<{width}}  built     {reasons[name]}"
        if name in reasons
        else f"{name:<{width}}  official  {vouched(name)}"
        for name in PARTS
    ]


def vouched(name: str) -> str:
    """Where an official part comes from, and what it was checked against."""
    return f"{PARTS[name].host}, checked by {PARTS[name].check}"
