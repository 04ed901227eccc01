"""A pull-through cache of Debian's archive: packages for good, indexes for a day, stale if the archive is out of reach."""

from __future__ import annotations

import http.client
import os
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from pathlib import Path

UPSTREAM = "http://deb.debian.org/"
DAY = 86400
RETRY_STALE = 600  # seconds before an upstream that did not answer is tried again
WAIT = 60
CHUNK = 1 << 20


def opener() -> urllib.request.OpenerDirector:
    """An opener with apt's proxy if apt has one, else with the environment's."""
    command = ["apt-config", "shell", "proxy", "Acquire::http::Proxy"]
    shell_line = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    proxy = shell_line.partition("=")[2].strip("'")
    if proxy and proxy != "DIRECT":
        return urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    return urllib.request.build_opener()


class Archive:
    """The cache folder of the archive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opener = opener()
        self.locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.stale: dict[str, float] = {}

    def get(self, path: str) -> Path | None:
        """The local copy of `debian/…` or `debian-security/…`; None if the archive has no such file."""
        if path.endswith("/"):
            return None
        cached = self.folder / path
        with self.locks[path]:
            if cached.is_file() and self.is_fresh(path, cached):
                return cached
            try:
                return self.download(path, cached)
            except urllib.error.HTTPError as error:
                return None if error.code in (403, 404, 410) else self.stale_copy(path, cached)
            except (OSError, http.client.HTTPException):
                return self.stale_copy(path, cached)

    def is_fresh(self, path: str, cached: Path) -> bool:
        """Whether a copy may be served: packages and files named by their hash never change, an index is good for a day."""
        if path.endswith((".deb", ".dsc")) or "/by-hash/" in path or ".orig.tar." in path:
            return True
        if time.monotonic() - self.stale.get(path, -RETRY_STALE) < RETRY_STALE:
            return True
        return time.time() - cached.stat().st_mtime < DAY

    def stale_copy(self, path: str, cached: Path) -> Path | None:
        """The earlier copy, if the archive does not answer; None without one."""
        self.stale[path] = time.monotonic()
        return cached if cached.is_file() else None

    def download(self, path: str, cached: Path) -> Path | None:
        """Download a file completely, then put it in place; None if the address is a folder."""
        cached.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".draft-", dir=cached.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                url = UPSTREAM + urllib.parse.quote(path, safe="/+~:")
                with self.opener.open(url, timeout=WAIT) as answer:
                    if answer.geturl().endswith("/"):
                        return None
                    copied = 0
                    while chunk := answer.read(CHUNK):
                        out.write(chunk)
                        copied += len(chunk)
                    expected = answer.headers.get("Content-Length")
                if expected is not None and int(expected) != copied:
                    raise OSError(f"{path}: {copied} of {expected} bytes")
            draft.chmod(0o644)
            return draft.replace(cached)
        finally:
            draft.unlink(missing_ok=True)
