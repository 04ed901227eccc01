"""Single files from the internet, put in place only when their hash is right."""

from __future__ import annotations

import shlex
import ssl
import urllib.request

from cluster.sources import Download


class NoChecksum(Exception):
    """The publisher's list does not hold the file, or can't be read."""


def expected_sha256(download: Download, ca: str | None) -> str:
    """The pinned hash, or the one in the publisher's own list, read here over TLS and never through a mirror."""
    if download.sha256:
        return download.sha256
    context = ssl.create_default_context(cafile=ca)
    try:
        with urllib.request.urlopen(download.checksums_url, timeout=60, context=context) as answer:
            lines: list[str] = answer.read().decode().splitlines()
    except OSError as error:
        raise NoChecksum(f"{download.checksums_url}: {error}") from error
    for line in lines:
        digest, _, name = line.partition(" ")
        if name.strip().lstrip("*") in (download.file_name, "") and len(digest) == 64:
            return digest
    raise NoChecksum(f"{download.checksums_url} does not list {download.file_name}")


def fetch(download: Download, sha256: str, path: str) -> str:
    """A script for sh that fetches the file to `path`; it fails, and leaves nothing, where the hash is another one."""
    url, target = shlex.quote(download.url), shlex.quote(path)
    return (
        f"set -e; umask 022; curl -fsSL --retry 3 --max-time 600 -o {target} {url}; "
        f"echo {shlex.quote(f'{sha256}  {path}')} | sha256sum --check --quiet || "
        f"{{ rm -f {target}; echo {shlex.quote(f'{download.url} is not the file whose sha256 is {sha256}')} >&2; exit 1; }}"
    )
