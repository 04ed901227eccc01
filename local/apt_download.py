"""Downloads of packages from a signed apt repository to the operator's machine, for hosts without access to the repository."""

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
# Hosts of one site need the same file at the same time.
_one_at_a_time = BoundedSemaphore(1)


class NotFetched(Exception):
    """The package could not be downloaded, or is not the one that its publisher signed."""


def deb(source: AptSource, name: str, version: str, architecture: str, ca: str | None) -> Path:
    """Path of the .deb in build/cache, downloaded unless it is there, and checked against the pinned key. `ca`: as in `apt.Pushed`.

    Raises NotFetched.
    """
    try:
        with _one_at_a_time:
            return _Reader(source, ca).deb(name, version, architecture)
    except FileNotFoundError as error:
        raise NotFetched(
            f"{error.filename} is not on the operator's machine; install the packages gpg and gpgv"
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotFetched(f"{source.official_uri}: {error}") from error


def apt_keyring(key: bytes, source: AptSource) -> bytes:
    """A keyring for apt from the key that a repository publishes, armoured or not. Raises NotFetched unless it is exactly the pinned key."""
    try:
        with tempfile.TemporaryDirectory() as home:
            gpg = ["gpg", "--batch", "--quiet", "--homedir", home]
            if key.startswith(b"-----"):
                key = subprocess.run([*gpg, "--dearmor"], input=key, capture_output=True, check=True).stdout
            shown = subprocess.run(
                [*gpg, "--show-keys", "--with-colons"], input=key, capture_output=True, check=False
            ).stdout
    except FileNotFoundError as error:
        raise NotFetched(
            f"{error.filename} is not on the operator's machine; install the packages gpg and gpgv"
        ) from error
    except subprocess.CalledProcessError as error:
        raise NotFetched(f"the key at {source.key_url} can't be read") from error
    found = list(parse_colons(shown.decode().splitlines()))
    if found != [source.fingerprint]:
        raise NotFetched(
            f"the key at {source.key_url} is {', '.join(found) or 'none'}, not the pinned {source.fingerprint}: "
            "the mirror serves another repository, or can't be trusted; correct its address in the inventory"
        )
    return key


def signed_text(clear_signed: bytes, keyring: bytes, source: AptSource) -> str:
    """The text of an InRelease file that a key of the keyring has signed, without any text around it. Raises NotFetched."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ring").write_bytes(keyring)
        Path(folder, "InRelease").write_bytes(clear_signed)
        verified = subprocess.run(
            ["gpgv", "--quiet", "--keyring", f"{folder}/ring", "--output", "-", f"{folder}/InRelease"],
            capture_output=True,
            check=False,
        )
    if verified.returncode:
        raise NotFetched(f"{source.uri} is not signed by the pinned key {source.fingerprint}")
    return verified.stdout.decode()


def fingerprints(key: bytes) -> tuple[str, ...] | None:
    """The fingerprints of a keyring's primary keys, armoured or not; None if gpg can't read it, or is not on this machine."""
    try:
        with tempfile.TemporaryDirectory() as home:
            shown = subprocess.run(
                ["gpg", "--batch", "--quiet", "--homedir", home, "--show-keys", "--with-colons"],
                input=key,
                capture_output=True,
                check=True,
            ).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return tuple(parse_colons(shown.decode(errors="replace").splitlines()))


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
            raise NotFetched(f"{suite} has no index for {architecture}")
        raw = self._checked(f"{suite}/{index.path}", index)
        packages = (gzip.decompress(raw) if index.path.endswith(".gz") else raw).decode()
        found = package_of(packages, name, version)
        if found is None:
            raise NotFetched(f"{suite} has no {name} {version} for {architecture}")
        cached = CACHE / f"{name}_{version}_{architecture}_{found.sha256[:12]}.deb"
        if not cached.exists() or hashlib.sha256(cached.read_bytes()).hexdigest() != found.sha256:
            cached.parent.mkdir(parents=True, exist_ok=True)
            part = cached.with_suffix(".part")
            part.write_bytes(self._checked(f"{self.source.uri}/{found.path}", found))
            part.replace(cached)
        return cached

    def _signed(self, clear_signed: bytes) -> str:
        return signed_text(clear_signed, apt_keyring(self._get(self.source.key_url), self.source), self.source)

    def _checked(self, url: str, listed: Listed) -> bytes:
        content = self._get(url)
        if hashlib.sha256(content).hexdigest() != listed.sha256:
            raise NotFetched(f"{url} has another sha256 than its signed index lists")
        return content

    def _get(self, url: str) -> bytes:
        with urllib.request.urlopen(
            url, timeout=120, context=self.tls if url.startswith("https:") else None
        ) as response:
            content: bytes = response.read()
            return content
