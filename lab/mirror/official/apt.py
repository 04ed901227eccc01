"""A publisher's apt repository: its key and its signed indexes as they are, and the packages that hosts install from it."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cluster.observed.apt_index import Listed, index_of, stanzas
from cluster.sources import AptSource
from lab.mirror.official.client import Client, NotHad
from lab.mirror.official.store import Files, Store
from local.apt_download import NotFetched, apt_keyring, signed_text

Stanza = dict[str, str]
# Which of a Release file's variants apt takes depends on the host, so all of them are kept. An empty ending: not compressed.
ENDINGS: dict[str, Callable[[bytes], bytes] | None] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
    ".bz2": None,
    ".zst": None,
    ".lz4": None,
}
PACKAGE_NAME = re.compile(r"\s*([a-z0-9][a-z0-9+.-]+)")


@dataclass(frozen=True)
class Repository:
    """One suite of a repository. `wanted`: package → pattern of its version, as the deploy gives it to apt."""

    source: AptSource
    wanted: dict[str, str]
    architectures: tuple[str, ...]

    @property
    def root(self) -> str:
        """The address that the indexes' file names are relative to."""
        return self.source.uri.rstrip("/")

    @property
    def base(self) -> str:
        """The address of the Release file's folder; a flat repository has no suites."""
        return self.root if self.source.suite == "/" else f"{self.root}/dists/{self.source.suite}"

    def indexes(self) -> list[str]:
        """The paths of the Packages files below `base`."""
        if self.source.suite == "/":
            return ["Packages"]
        return [f"{self.source.components}/binary-{name}/Packages" for name in (*self.architectures, "all")]


def place(url: str) -> str:
    """Where an official address is in a view."""
    parts = urlsplit(url)
    return f"{parts.hostname}{unquote(parts.path)}"


def fetch(client: Client, store: Store, repository: Repository) -> Files:
    """All files of the suite that hosts read. NotHad unless the pinned key has signed them, and for a missing package."""
    key = client.document(repository.source.key_url)
    signed = client.document(f"{repository.base}/InRelease")
    try:
        release = signed_text(signed, apt_keyring(key, repository.source), repository.source)
    except NotFetched as reason:
        raise NotHad(str(reason)) from None
    found: Files = {
        place(repository.source.key_url): store.keep(key),
        place(f"{repository.base}/InRelease"): store.keep(signed),
    }
    listed: list[Stanza] = []
    for path in repository.indexes():
        files, text = _index(client, store, repository.base, release, path)
        found |= files
        listed += stanzas(text)
    for chosen in _packages(listed, repository):
        url = f"{repository.root}/{chosen['Filename'].removeprefix('./')}"
        found[place(url)] = store.fetch(client, url, chosen["SHA256"])
    return found


def _index(client: Client, store: Store, base: str, release: str, path: str) -> tuple[Files, str]:
    """The variants of one index, and its text; empty if the Release file lists none."""
    found: Files = {}
    text: str | None = None
    listed = [(ending, one) for ending in ENDINGS if (one := index_of(release, f"{path}{ending}"))]
    for ending, one in listed:
        file = _variant(client, store, base, one)
        if file is None:
            continue
        found[place(f"{base}/{one.path}")] = file
        found |= dict.fromkeys(_by_hash(f"{base}/{one.path}", file), file)
        unpack = ENDINGS[ending]
        text = unpack(file.read_bytes()).decode() if unpack and text is None else text
    if listed and text is None:
        raise NotHad(f"{base}/{path} can't be had in a form that is known here")
    return found, text or ""


def _by_hash(url: str, file: Path) -> Iterator[str]:
    """The other places where apt may ask for an index, by the strongest hash that the Release file lists."""
    folder = url.rpartition("/")[0]
    data = file.read_bytes()
    yield place(f"{folder}/by-hash/SHA256/{hashlib.sha256(data).hexdigest()}")
    yield place(f"{folder}/by-hash/SHA512/{hashlib.sha512(data).hexdigest()}")


def _variant(client: Client, store: Store, base: str, listed: Listed) -> Path | None:
    """A Release file also lists forms that are not there, such as the one without compression: None for these."""
    try:
        return store.fetch(client, f"{base}/{listed.path}", listed.sha256)
    except NotHad as failure:
        if failure.status in (403, 404, 410):
            return None
        raise


def _packages(listed: Sequence[Stanza], repository: Repository) -> Iterator[Stanza]:
    """The wanted packages, and what they depend on as far as this repository has it, for each architecture."""
    for architecture in repository.architectures:
        own = [one for one in listed if one.get("Architecture") in (architecture, "all")]
        open_names, seen = list(repository.wanted), set(repository.wanted)
        while open_names:
            name = open_names.pop(0)
            pattern = repository.wanted.get(name, "*")
            fitting = [one for one in own if one["Package"] == name and fnmatchcase(one["Version"], pattern)]
            if not fitting and name in repository.wanted:
                raise NotHad(f"{repository.base} has no {name} {pattern} for {architecture}")
            if not fitting:
                continue
            chosen = reduce(_newer, fitting)
            yield chosen
            names = [found for found in _dependencies(chosen) if found not in seen]
            seen.update(names)
            open_names += names


def _dependencies(stanza: Stanza) -> list[str]:
    """The names of the packages that it needs, all alternatives included."""
    texts = re.split(r"[,|]", f"{stanza.get('Pre-Depends', '')},{stanza.get('Depends', '')}")
    return [match[1] for text in texts if (match := PACKAGE_NAME.match(text))]


def _newer(one: Stanza, other: Stanza) -> Stanza:
    """The stanza of the higher version, as apt compares them."""
    question = ["dpkg", "--compare-versions", other["Version"], "gt", one["Version"]]
    return one if subprocess.run(question, check=False).returncode else other
