"""Images from their official registries: a tag's documents, and for each wanted architecture the blobs, all checked by digest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from lab.mirror.official.client import Client, NotHad
from lab.mirror.official.store import Files, Store

ADDRESSES = {"docker.io": "registry-1.docker.io"}
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ACCEPT = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
Result = TypeVar("Result")


class Repository:
    """One repository of a registry, such as registry.k8s.io/pause, read without an account."""

    def __init__(self, client: Client, store: Store, name: str) -> None:
        self.client, self.store = client, store
        self.registry, _, self.path = name.partition("/")
        self.host = ADDRESSES.get(self.registry, self.registry)
        self.token: dict[str, str] = {}

    def url(self, kind: str, reference: str) -> str:
        """The address of a manifest or blob."""
        return f"https://{self.host}/v2/{self.path}/{kind}/{reference}"

    def place(self, kind: str, reference: str) -> str:
        """Where it is in a view."""
        return f"{self.registry}/v2/{self.path}/{kind}/{reference}"

    def admitted(self, ask: Callable[[], Result]) -> Result:
        """The result of a request, made again with a token if the registry asks for one."""
        try:
            return ask()
        except NotHad as refusal:
            if refusal.status != 401 or self.token:
                raise
            self.token = {"Authorization": f"Bearer {self._new_token(refusal)}"}
            return ask()

    def tag(self, tag: str) -> bytes:
        """The document behind a tag: only TLS vouches for which one it is."""
        url = self.url("manifests", tag)
        return self.admitted(lambda: self.client.document(url, {**ACCEPT, **self.token}))

    def fetch(self, kind: str, digest: str) -> tuple[str, Path]:
        """The place and the kept file of a digest."""
        match = DIGEST.fullmatch(digest)
        if not match:
            raise NotHad(f"{self.url(kind, digest)}: {digest} is no sha256 digest")
        url, accept = self.url(kind, digest), ACCEPT if kind == "manifests" else {}
        file = self.admitted(lambda: self.store.fetch(self.client, url, match[1], {**accept, **self.token}))
        return self.place(kind, digest), file

    def _new_token(self, refusal: NotHad) -> str:
        """What the registry's own service gives to everybody."""
        asked = dict(re.findall(r'(\w+)="([^"]*)"', refusal.challenge))
        realm = asked.pop("realm", "")
        if not refusal.challenge.lower().startswith("bearer ") or urlsplit(realm).scheme != "https":
            raise refusal
        query = urlencode({"scope": f"repository:{self.path}:pull", **asked})
        answer = _document(self.client.document(f"{realm}?{query}"), realm)
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str):
            raise NotHad(f"{realm} gives no token")
        return token


def image(client: Client, store: Store, name: str, architectures: Sequence[str]) -> Files:
    """All documents and blobs of registry/repository:tag for these architectures; NotHad if one can't be had."""
    where, _, tag = name.rpartition(":")
    repository = Repository(client, store, where)
    data = repository.tag(tag)
    kept, digest = store.keep(data), f"sha256:{hashlib.sha256(data).hexdigest()}"
    found: Files = {repository.place("manifests", tag): kept, repository.place("manifests", digest): kept}
    listed = _document(data, name)
    if "manifests" not in listed:
        blobs = _blobs(repository, listed, name)
        config = _document(next(iter(blobs.values())).read_bytes(), name)
        if [config.get("architecture")] != list(architectures):
            raise NotHad(f"{name} is for {config.get('architecture')}, not for {' and '.join(architectures)}")
        return found | blobs
    for architecture in architectures:
        wanted = [one["digest"] for one in listed["manifests"] if _is_for(one.get("platform", {}), architecture)]
        if not wanted:
            raise NotHad(f"{name} is not there for {architecture}")
        place, file = repository.fetch("manifests", wanted[0])
        found |= {place: file, **_blobs(repository, _document(file.read_bytes(), name), name)}
    return found


def _blobs(repository: Repository, manifest: dict[str, Any], name: str) -> Files:
    """The configuration, then the layers."""
    try:
        digests = [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    except (KeyError, TypeError):
        raise NotHad(f"{name}: its manifest is of an unknown form") from None
    return dict(repository.fetch("blobs", digest) for digest in digests)


def _is_for(platform: dict[str, Any], architecture: str) -> bool:
    return (platform.get("os"), platform.get("architecture")) == ("linux", architecture)


def _document(data: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotHad(f"{name}: the answer is no JSON object")
    return found
