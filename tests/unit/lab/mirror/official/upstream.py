"""A false upstream on loopback: the environment's proxy leads every official name to it, over TLS with an authority of the test."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from lab.mirror.names import NAMES

REALM = 'Bearer realm="https://ghcr.io/token",service="ghcr.io"'


class Upstream(ThreadingHTTPServer):
    """`files`: host/path → content. `answers`: end of an address → how it is answered. `asked`: (host/path, Authorization)."""

    daemon_threads = True
    # Threads that hang end with the process.
    block_on_close = False

    def __init__(self, files: dict[str, bytes], tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.files, self.tls = dict(files), tls
        self.answers: dict[str, str] = {}
        self.redirects: dict[str, str] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.ended = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is no error here."""

    def answer(self, address: str) -> str:
        return next((how for end, how in self.answers.items() if address.endswith(end)), "right")


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
        self.close_connection = False

    def do_HEAD(self) -> None:
        if self.server.answer(f"{self.host}/") == "hang":
            self.server.ended.wait()
        self.respond(302, b"", Location="http://elsewhere.invalid/")

    def do_GET(self) -> None:
        address = f"{self.host}{self.path.partition('?')[0]}"
        self.server.asked.append((address, self.headers.get("Authorization")))
        how = self.server.answer(address)
        if how == "hang":
            self.server.ended.wait()
            self.close_connection = True
        elif how == "500 once":
            self.server.answers.clear()
            self.respond(500, b"not now")
        elif how == "500":
            self.respond(500, b"no")
        elif address in self.server.redirects:
            self.respond(302, b"", Location=self.server.redirects[address])
        elif address == "ghcr.io/token":
            self.respond(200, b'{"token": "for-everybody"}')
        elif address.startswith("ghcr.io/v2/") and self.headers.get("Authorization") != "Bearer for-everybody":
            self.respond(401, b"", **{"WWW-Authenticate": REALM})
        elif address not in self.server.files:
            self.respond(404, b"not here")
        else:
            self.give(self.server.files[address], how)

    def give(self, content: bytes, how: str) -> None:
        half = content[: len(content) // 2]
        if how == "truncated":
            self.respond(200, half, **{"Content-Length": str(len(content))})
            self.close_connection = True
        elif how == "half":
            self.respond(200, half)
        elif how == "other":
            self.respond(200, half + b"???" + content[len(half) + 3 :])
        else:
            self.respond(200, content)

    def respond(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""


class Authority:
    """Its certificate as a file, and the TLS of a server that has all official names."""

    def __init__(self, folder: Path) -> None:
        ca = trustme.CA()
        self.file = folder / "ca.pem"
        ca.cert_pem.write_to_path(self.file)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(*NAMES, "cdn.example.org").configure_cert(self.tls)


@contextmanager
def serving(files: dict[str, bytes], authority: Authority, patch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """The upstream, and an environment in which all official names lead to it."""
    upstream = Upstream(files, authority.tls)
    lead_to(upstream.server_address[1], patch)
    patch.setenv("SSL_CERT_FILE", str(authority.file))
    thread = threading.Thread(target=lambda: upstream.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.ended.set()
        upstream.shutdown()
        upstream.server_close()


def lead_to(port: int, patch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "https_proxy"):
        patch.delenv(name, raising=False)
    patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as once:
        return int(once.getsockname()[1])
