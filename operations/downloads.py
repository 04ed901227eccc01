"""Downloads of single files, which are kept only if their hash is the expected one."""

from __future__ import annotations

import shlex
import ssl
import urllib.request

from cluster.sources import Download


class NoChecksum(Exception):
    """The publisher's list of hashes does not contain the file, or can't be read."""


def expected_sha256(download: Download, ca: str | None) -> str:
    """The pinned sha256, or the one in the publisher's list, which the operator's machine reads over TLS and never from a mirror.

    Raises NoChecksum.
    """
    if download.sha256:
        return download.sha256
    context = ssl.create_default_context(cafile=ca)
    try:
        with urllib.request.urlopen(download.checksums_url, timeout=60, context=context) as response:
            checksums: str = response.read().decode()
    except OSError as error:
        raise NoChecksum(f"{download.checksums_url}: {error}; {_declared(download)}") from error
    if digest := download.sha256_in(checksums):
        return digest
    raise NoChecksum(f"{download.checksums_url} does not list {download.file_name}; {_declared(download)}")


def _declared(download: Download) -> str:
    return (
        f'if this machine can\'t read it, write the hash in group_data/all.py: sha256 = {{"{download.file_name}": "…"}}'
    )


def fetch(download: Download, sha256: str, path: str) -> str:
    """A script for sh that downloads the file to `path`; if the hash differs, it removes the file and fails."""
    url, target = shlex.quote(download.url), shlex.quote(path)
    return (
        f"set -e; umask 022; curl -fsSL --retry 3 --max-time 600 -o {target} {url}; "
        f"echo {shlex.quote(f'{sha256}  {path}')} | sha256sum --check --quiet || "
        f"{{ rm -f {target}; echo {shlex.quote(f'{download.url} is not the file whose sha256 is {sha256}')} >&2; exit 1; }}"
    )
