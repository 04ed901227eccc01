"""Packages that the operator's machine fetches from a signed apt repository, for hosts that can't reach it."""

from __future__ import annotations

import gzip
import hashlib
import ssl
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped]

from cluster.observed.apt_index import Listed, index_of, package_of
from cluster.observed.gpg import parse_colons
from cluster.sources import AptSource

CACHE = Path("build/cache")
# Hosts of one site want the same file at the same time.
_one_at_a_time = BoundedSemaphore(1)


class NotFetched(Exception):
    """The package could not be fetched, or is not what its publisher signed."""


def deb(source: AptSource, name: str, version: str, architecture: str, ca: str | None) -> Path:
    """The .deb on this machine: signed by the pinned key, and kept in build/cache for the next time. Raises NotFetched."""
    try:
        with _one_at_a_time:
            return _Reader(source, ca).deb(name, version, architecture)
    except FileNotFoundError as error:
        raise NotFetched(f"{error.filename} is not on this machine; install the packages gpg and gpgv") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotFetched(f"{source.official_uri}: {error}") from error


def apt_keyring(key: bytes, source: AptSource) -> bytes:
    """The key that a repository publishes (armoured or not) as a keyring for apt. Raises NotFetched unless it is the pinned one, alone."""
    try:
        with tempfile.TemporaryDirectory() as home:
            gpg = ["gpg", "--batch", "--quiet", "--homedir", home]
            if key.startswith(b"-----"):
                key = subprocess.run([*gpg, "--dearmor"], input=key, capture_output=True, check=True).stdout
            shown = subprocess.run(
                [*gpg, "--show-keys", "--with-colons"], input=key, capture_output=True, check=False
            ).stdout
    except FileNotFoundError as error:
        raise NotFetched(f"{error.filename} is not on this machine; install the packages gpg and gpgv") from error
    except subprocess.CalledProcessError as error:
        raise NotFetched(f"the key at {source.key_url} can't be read") from error
    found = list(parse_colons(shown.decode().splitlines()))
    if found != [source.fingerprint]:
        raise NotFetched(
            f"the key at {source.key_url} is {', '.join(found) or 'none'}, not the pinned {source.fingerprint}: "
            "the mirror is wrong or not to be trusted"
        )
    return key


class _Reader:
    def __init__(self, source: AptSource, ca: str | None) -> None:
        self.source = source
        self.tls = ssl.create_default_context(cafile=ca)

    def deb(self, name: str, version: str, architecture: str) -> Path:
        suite = f"{self.source.uri}/dists/{self.source.suite}"
        release = self._signed(self._get(f"{suite}/InRelease"))
        path = f"{self.source.components}/binary-{architecture}/Packages"
        index = index_of(release, f"{path}.gz") or index_of(release, path)
        if index is None:
            raise NotFetched(f"{suite} has no packages for {architecture}")
        raw = self._checked(f"{suite}/{index.path}", index)
        packages = (gzip.decompress(raw) if index.path.endswith(".gz") else raw).decode()
        found = package_of(packages, name, version)
        if found is None:
            raise NotFetched(f"{suite} has no {name} {version} for {architecture}")
        kept = CACHE / f"{name}_{version}_{architecture}_{found.sha256[:12]}.deb"
        if not kept.exists() or hashlib.sha256(kept.read_bytes()).hexdigest() != found.sha256:
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".part")
            part.write_bytes(self._checked(f"{self.source.uri}/{found.path}", found))
            part.replace(kept)
        return kept

    def _signed(self, clear_signed: bytes) -> str:
        """What the pinned key has signed in it, and nothing around that."""
        with tempfile.TemporaryDirectory() as folder:
            keyring = Path(folder, "ring")
            keyring.write_bytes(apt_keyring(self._get(self.source.key_url), self.source))
            Path(folder, "InRelease").write_bytes(clear_signed)
            verified = subprocess.run(
                ["gpgv", "--quiet", "--keyring", str(keyring), "--output", "-", f"{folder}/InRelease"],
                capture_output=True,
                check=False,
            )
        if verified.returncode:
            raise NotFetched(f"{self.source.uri}: its signature is not of the pinned key {self.source.fingerprint}")
        return verified.stdout.decode()

    def _checked(self, url: str, listed: Listed) -> bytes:
        content = self._get(url)
        if hashlib.sha256(content).hexdigest() != listed.sha256:
            raise NotFetched(f"{url} is not the file that its signed index names")
        return content

    def _get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=120, context=self.tls if url.startswith("https:") else None) as answer:
            content: bytes = answer.read()
            return content
