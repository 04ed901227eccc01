"""One HTTP connection: the tree's files, a registry's manifests and blobs, and Debian's archive."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import threading
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from urllib.parse import unquote, urlsplit

from lab.mirror.archive import Archive
from lab.mirror.names import ARCHIVE, NAMES, locate
from lab.mirror.oci import INDEX, MANIFEST

IDLE = 120
CHUNK = 1 << 18
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
TYPES = {".deb": "application/vnd.debian.binary-package", ".tgz": "application/gzip", ".gz": "application/gzip"}


def media_type(document: dict[str, Any]) -> str:
    """The type of a manifest or index; OCI's own documents may leave it out."""
    return str(document.get("mediaType") or (INDEX if "manifests" in document else MANIFEST))


class Content:
    """Shared by all connections: the tree, the archive and the access log; and files from publishers, which win over the tree.

    `roots`: what the view serves alone.
    """

    def __init__(
        self, tree: Path, archive: Archive, log: TextIO, view: Path | None = None, roots: tuple[str, ...] = ()
    ) -> None:
        self.tree = tree
        self.view = view
        self.roots = roots
        self.archive = archive
        self.log = log
        self.lock = threading.Lock()

    def find(self, host: str, path: str) -> Path | None:
        """The file at an address; None if there is none."""
        place = locate(host, path)
        if place is None:
            return None
        if place.startswith(ARCHIVE):
            return self.archive.get(place.removeprefix(ARCHIVE))
        if self.view and (self.view / place).is_file():
            return self.view / place
        file = self.tree / place
        return file if file.is_file() and not place.startswith(self.roots) else None

    def note(self, entry: dict[str, Any]) -> None:
        """Write a line of the access log."""
        with self.lock:
            self.log.write(json.dumps(entry) + "\n")
            self.log.flush()


class Handler(BaseHTTPRequestHandler):
    """GET and HEAD, with ranges and keep-alive."""

    protocol_version = "HTTP/1.1"
    server_version = "lab-mirror"
    sys_version = ""
    timeout = IDLE
    content: Content
    connection: socket.socket

    def do_GET(self) -> None:
        """Answer a GET, and log it."""
        host = (self.headers.get("Host") or "").partition(":")[0].lower()
        path = unquote(urlsplit(self.path).path)
        status, sent = self.answer(host, path)
        self.content.note(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "client": self.client_address[0],
                "host": host,
                "method": self.command,
                "path": path,
                "status": int(status),
                "bytes": sent,
            }
        )

    def do_HEAD(self) -> None:
        """Answer a HEAD, as a GET without the body."""
        self.do_GET()

    def answer(self, host: str, path: str) -> tuple[HTTPStatus, int]:
        """Send the answer; gives (status, bytes of the body)."""
        if path in ("/v2/", "/v2") and host in NAMES:
            return self.send_small(HTTPStatus.OK, b"{}", "application/json")
        file = self.content.find(host, path)
        if file is None:
            return self.send_small(HTTPStatus.NOT_FOUND, *self.missing(path))
        return self.send_file(file, path)

    def missing(self, path: str) -> tuple[bytes, str]:
        """The body and type of a 404, in the registry API's form if the path is one of that API."""
        if not path.startswith("/v2/"):
            return b"not found\n", "text/plain"
        code = "BLOB_UNKNOWN" if "/blobs/" in path else "MANIFEST_UNKNOWN"
        return json.dumps({"errors": [{"code": code, "message": "not in the mirror"}]}).encode(), "application/json"

    def send_small(self, status: HTTPStatus, body: bytes, kind: str) -> tuple[HTTPStatus, int]:
        """Send a body from memory."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.end_headers()
        if self.command == "HEAD":
            return status, 0
        self.wfile.write(body)
        return status, len(body)

    def send_file(self, file: Path, path: str) -> tuple[HTTPStatus, int]:
        """Send a file, or the requested range of it."""
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            if self.unchanged(found.st_mtime):
                self.send_response(HTTPStatus.NOT_MODIFIED)
                self.end_headers()
                return HTTPStatus.NOT_MODIFIED, 0
            status, start, end = self.requested_range(found.st_size)
            self.send_response(status)
            for name, value in self.file_headers(file, path, opened):
                self.send_header(name, value)
            self.send_header("Last-Modified", formatdate(found.st_mtime, usegmt=True))
            if status != HTTPStatus.OK:
                held = f"{start}-{end - 1}" if status == HTTPStatus.PARTIAL_CONTENT else "*"
                self.send_header("Content-Range", f"bytes {held}/{found.st_size}")
            self.send_header("Content-Length", str(end - start))
            self.end_headers()
            return status, 0 if self.command == "HEAD" else self.copy(opened, start, end)

    def unchanged(self, modified: float) -> bool:
        """Whether the client has this version already (apt's conditional requests)."""
        return self.headers.get("If-Modified-Since") == formatdate(modified, usegmt=True)

    def file_headers(self, file: Path, path: str, opened: BinaryIO) -> list[tuple[str, str]]:
        """The headers of a file: its type, and the digest of a manifest or blob."""
        always = [("Accept-Ranges", "bytes")]
        if path.startswith("/v2/") and "/manifests/" in path:
            data = opened.read()
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            return [*always, ("Content-Type", media_type(json.loads(data))), ("Docker-Content-Digest", digest)]
        if path.startswith("/v2/"):
            return [*always, ("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", file.name)]
        return [*always, ("Content-Type", TYPES.get(file.suffix, "application/octet-stream"))]

    def requested_range(self, size: int) -> tuple[HTTPStatus, int, int]:
        """(status, start, end) from the Range header; end is exclusive."""
        header = RANGE.match(self.headers.get("Range") or "")
        if not header or header.groups() == ("", ""):
            return HTTPStatus.OK, 0, size
        first, last = header.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if start >= end:
            return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, 0
        return HTTPStatus.PARTIAL_CONTENT, start, end

    def copy(self, opened: BinaryIO, start: int, end: int) -> int:
        """Send the bytes; gives how many were sent, even if the client disconnects."""
        opened.seek(start)
        sent = 0
        try:
            while sent < end - start and (chunk := opened.read(min(CHUNK, end - start - sent))):
                self.wfile.write(chunk)
                sent += len(chunk)
        except OSError:
            self.close_connection = True
        return sent

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing to standard error: the access log has all requests."""
