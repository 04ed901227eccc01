"""The checks of apt before the first change: the owner's lists, what an installation would remove, programs that others hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cluster.host_packages import PROGRAMS
from cluster.install_plan import InstallPlan
from cluster.model import Host
from cluster.observed.apt import Entry, Lists, Trial
from cluster.problems import Problem
from cluster.sources import AptSource
from cluster.support import REMOVED_PACKAGES

_FINGERPRINT = re.compile(r"^[0-9A-Fa-f]{40}!?$")


@dataclass(frozen=True)
class Found:
    """apt's lists of a host; `keys`: the key that an entry names, as it is written there → its fingerprints, None if they could not be read."""

    lists: Lists
    keys: Mapping[str, tuple[str, ...] | None]


def is_same(entry: Entry, source: AptSource) -> bool:
    """Whether apt takes the entry for the same repository: it allows one key for an address and a suite, with http or https."""
    return (_address(entry.uri), entry.suite) == (_address(source.uri), source.suite)


def is_used(found: Found, source: AptSource, architecture: str) -> bool:
    """Whether lists of the owner name the repository in a way that the deploy can use as it is."""
    same = [entry for entry in found.lists.entries if is_same(entry, source)]
    return (
        bool(same)
        and not any(_wrong_key(found, entry, source) for entry in same)
        and any(_gives(entry, source, architecture) for entry in same)
    )


def read_signed_by(text: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """An entry's Signed-By taken apart: a key as text (empty: none), paths of keyrings, and fingerprints."""
    if "-----BEGIN" in text:
        # deb822: a continued line begins with a space, and a lone dot stands for an empty line.
        lines = (line.strip() for line in text.strip().splitlines())
        return "\n".join("" if line == "." else line for line in lines) + "\n", (), ()
    words = [word for word in re.split(r"[\s,]+", text) if word]
    paths = tuple(word for word in words if word.startswith("/"))
    return "", paths, tuple(word.rstrip("!").upper() for word in words if _FINGERPRINT.match(word))


def problems(
    host: Host, plan: InstallPlan, repositories: Sequence[AptSource], found: Found, trial: Trial
) -> list[Problem]:
    """What of apt stands in the way on `host`. `repositories`: what the host reads."""
    return [
        *(problem for source in repositories for problem in _of_source(host, source, plan.architecture, found)),
        *_errors(host, found, trial),
        *_removal(host, trial, plan.codename),
        *_refused(host, trial),
        *_programs(host, trial),
    ]


def _of_source(host: Host, source: AptSource, architecture: str, found: Found) -> Iterator[Problem]:
    same = [entry for entry in found.lists.entries if is_same(entry, source)]
    if not same or is_used(found, source, architecture):
        return
    wrong = [(entry, text) for entry in same if (text := _wrong_key(found, entry, source))]
    missing = f"without {source.components or 'packages'} for {architecture}"
    for entry, text in wrong or [(same[0], missing)]:
        yield Problem(
            f"{host.name} {entry.path}",
            f"line {entry.line} names {entry.uri} {entry.suite} {text}",
            "apt allows one key and one trust for a repository, and reads no list at all if the deploy adds its own entry",
            f"{_off(entry, found.lists.entries)}; the deploy then writes its own entry with the pinned key",
        )


def _wrong_key(found: Found, entry: Entry, source: AptSource) -> str:
    """What is wrong with the entry's key, in words; empty if it is exactly the pinned one."""
    if entry.trusted:
        return "with trusted=yes, so that nothing is checked"
    if not entry.signed_by:
        return "without signed-by, so that any key which apt trusts may sign it"
    keys = found.keys.get(entry.signed_by)
    if keys is None:
        return "with a key that could not be read"
    if set(keys) == {source.fingerprint}:
        return ""
    return f"with the key {', '.join(keys) or 'of an empty file'}, not the pinned {source.fingerprint}"


def _gives(entry: Entry, source: AptSource, architecture: str) -> bool:
    return (
        entry.kind == "deb"
        and (not entry.architectures or architecture in entry.architectures)
        and set(source.components.split()) <= set(entry.components)
    )


def _address(uri: str) -> str:
    return re.sub(r"^https?://(?:[^/@]*@)?", "", uri).rstrip("/")


def _off(entry: Entry, entries: Sequence[Entry]) -> str:
    """The command that switches the entry off, and nothing else."""
    others = [other for other in entries if other.path == entry.path and other.line != entry.line]
    if entry.path.endswith(".sources") and entry.shared > 1:
        return f"take {entry.suite} out of the entry at line {entry.line} of {entry.path}"
    if not others and entry.path != "/etc/apt/sources.list":
        return f"mv {entry.path} {entry.path}.disabled"
    if entry.path.endswith(".sources"):
        return f"sed -i '{entry.line}i Enabled: no' {entry.path}"
    return f"sed -i '{entry.line}s/^/# /' {entry.path}"


def _errors(host: Host, found: Found, trial: Trial) -> Iterator[Problem]:
    for error in trial.errors:
        entry = _named(error, found.lists.entries)
        path = re.search(r"/etc/apt/[A-Za-z0-9_./-]+", error)
        yield Problem(
            f"{host.name} {entry.path if entry else path[0] if path else 'apt'}",
            error,
            "`apt-get update` fails because of it, so that no package can be installed",
            f"correct it; or, if it is not needed: {_off(entry, found.lists.entries)}"
            if entry
            else "correct it, until `apt-get update` ends without an error",
        )


def _named(error: str, entries: Sequence[Entry]) -> Entry | None:
    """The entry that apt's message is about: it names the address, then the suite, or the path of a file below both."""
    words = re.split(r"[\s']+", error)
    for entry in entries:
        at = entry.uri.rstrip("/")
        if any(
            (word.rstrip("/") == at and (entry.suite in words[place + 1 : place + 2]))
            or word.startswith((f"{at}/dists/{entry.suite.rstrip('/')}/", f"{at}/{entry.suite.lstrip('./')}InRelease"))
            for place, word in enumerate(words)
        ):
            return entry
    return None


def _removal(host: Host, trial: Trial, codename: str) -> Iterator[Problem]:
    if not trial.removed or REMOVED_PACKAGES in host.exceptions:
        return
    runtime = next((name for name in ("containerd.io", "containerd") if name in trial.missing), "")
    # The containerd of Debian 11 is too old for kubelet.
    other = {"containerd.io": "distribution" if codename != "bullseye" else "", "containerd": "docker"}.get(runtime, "")
    ways = [f'write runtime_source = "{other}" for this host, which keeps them'] if other else []
    ways.append(f'accept it with exceptions = ("{REMOVED_PACKAGES}",)')
    yield Problem(
        f"{host.name} packages",
        f"apt would remove {', '.join(trial.removed)} to install {runtime or ', '.join(trial.missing)}",
        "what runs by these packages would stop, and its owner has not asked for that",
        "; or ".join(ways),
    )


def _refused(host: Host, trial: Trial) -> Iterator[Problem]:
    for text in trial.refusals:
        is_broken = "fix-broken" in text or "Unmet dependencies" in text
        yield Problem(
            f"{host.name} packages",
            f"apt refuses the installation: {text}",
            "the packages would not be installed",
            "run `apt-get --fix-broken install`" if is_broken else "correct it, until `apt-get check` reports no error",
        )


def _programs(host: Host, trial: Trial) -> Iterator[Problem]:
    for path, package in trial.files.items():
        if package in PROGRAMS.get(path, ()):
            continue
        yield Problem(
            f"{host.name} {path}",
            f"it is a file of the package {package}" if package else "it is a file of no package",
            "dpkg refuses a file that another package holds" if package else "the installation would overwrite it",
            f"if nothing needs it there, run `apt-get remove {package}`" if package else f"mv {path} {path}.old",
        )
