"""The mirror's process: its sockets are in the world's namespace, its files and Debian's archive outside it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from lab.mirror.archive import Archive
from lab.mirror.handler import Content, Handler
from lab.mirror.names import NAMES
from lab.mirror.request import MirrorError

CLONE_NEWNET = 0x40000000
BACKLOG = 256
PORTS = (80, 443)
HANDSHAKE = 20


@dataclass(frozen=True)
class Config:
    """The JSON of --config. `view`, `roots`: of official parts (lab.mirror.official.choice.Choice)."""

    names: dict[str, str]
    ca_cert: Path
    ca_key: Path
    log: Path
    ready: Path
    view: Path | None = None
    roots: tuple[str, ...] = ()


def read_config(file: Path) -> Config:
    """Read the configuration; MirrorError if it is wrong."""
    try:
        values = json.loads(file.read_text())
        paths = {key: Path(values[key]) for key in ("ca_cert", "ca_key", "log", "ready")}
        names: dict[str, str] = dict(values["names"])
        view = Path(values["view"]) if values.get("view") else None
        roots = tuple(values.get("roots", ()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MirrorError(
            f"mirror: {file}: can't be read ({error}); it needs names, ca_cert, ca_key, log and ready"
        ) from error
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise MirrorError(
            f"mirror: {file}: names: nothing is served as {', '.join(unknown)}; choose from lab.mirror.NAMES"
        )
    return Config(names, **paths, view=view, roots=roots)


def enter(netns: str) -> None:
    """Move this thread, and only this thread, into a named network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    try:
        if libc.setns(handle, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"/run/netns/{netns}")
    finally:
        os.close(handle)


def listening(netns: str | None, addresses: list[str]) -> list[socket.socket]:
    """Sockets on ports 80 and 443 of each address. A socket stays in the namespace it was made in."""

    def make() -> list[socket.socket]:
        if netns:
            enter(netns)
        return [socket.create_server((address, port), backlog=BACKLOG) for address in addresses for port in PORTS]

    with ThreadPoolExecutor(max_workers=1) as apart:
        try:
            return apart.submit(make).result()
        except FileNotFoundError:
            raise MirrorError(
                f"mirror: there is no network namespace {netns}; make it before the mirror starts"
            ) from None
        except OSError as error:
            place = f"namespace {netns}" if netns else "this namespace"
            raise MirrorError(
                f"mirror: {place}: {error}; give it all addresses of `names` first, and nothing else may listen there"
            ) from error


class Certificates:
    """A TLS context for each name, made at its first use."""

    def __init__(self, config: Config) -> None:
        self.lock = threading.Lock()
        self.known: dict[str, ssl.SSLContext] = {}
        self.ca = trustme.CA.from_pem(config.ca_cert.read_bytes(), config.ca_key.read_bytes())
        self.outer = self.context(*config.names, *sorted(set(config.names.values())))
        self.outer.sni_callback = self.choose

    def context(self, *identities: str) -> ssl.SSLContext:
        """A context with a new certificate for these names and addresses."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*identities).configure_cert(made)
        return made

    def choose(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, outer: ssl.SSLContext) -> None:
        """Set the certificate for the name in the TLS handshake (SNI); an unknown name gets one, too, and then a 404."""
        if name is None:
            return
        with self.lock:
            if name not in self.known:
                self.known[name] = self.context(name)
        connection.context = self.known[name]


class Front:
    """Accept connections on all sockets, each in a thread."""

    def __init__(self, content: Content, certificates: Certificates) -> None:
        self.handler = type("Connection", (Handler,), {"content": content})
        self.certificates = certificates

    def accept(self, listener: socket.socket) -> None:
        """Accept connections until the listener is closed."""
        encrypted = listener.getsockname()[1] == PORTS[1]
        while True:
            try:
                connection, client = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection, client, encrypted), daemon=True).start()

    def serve(self, connection: socket.socket, client: Any, encrypted: bool) -> None:
        """Serve one connection to its end; its errors do not affect others."""
        try:
            connection.settimeout(HANDSHAKE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if encrypted:
                connection = self.certificates.outer.wrap_socket(connection, server_side=True)
            self.handler(connection, client, None)
        except OSError:
            return
        finally:
            connection.close()


def serve(tree: Path, netns: str | None, config_file: Path) -> None:
    """Serve the configured names until SIGTERM or SIGINT. The ready file is written when every socket listens."""
    config = read_config(config_file)
    if not tree.is_dir():
        raise MirrorError(f"mirror: {tree} is not there; run `python -m lab.mirror build` first")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    listeners = listening(netns, sorted(set(config.names.values())))
    with config.log.open("a") as log:
        front = Front(
            Content(tree, Archive(tree.parent / "debian"), log, config.view, config.roots), Certificates(config)
        )
        for listener in listeners:
            threading.Thread(target=front.accept, args=(listener,), daemon=True).start()
        draft = config.ready.with_name(f".{config.ready.name}.draft")
        draft.write_text(json.dumps({"pid": os.getpid()}))
        draft.replace(config.ready)
        ended.wait()
        for listener in listeners:
            listener.close()
        config.ready.unlink(missing_ok=True)
        log.flush()
        os._exit(0)  # connections that are still open don't hold up the end
