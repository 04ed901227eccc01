"""What the operator's machine finds out about the cluster from outside: where a name leads, and which ports answer it."""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Mapping

from cluster.observed.door import Outcome

Entry = tuple[str, str, int, str]
EVERY_S = 0.25
_WORDS: Mapping[int, Outcome] = {
    0: "open",
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "prohibited",
}
_PENDING = (errno.EINPROGRESS, errno.EAGAIN, errno.EALREADY)


def addresses_of(name: str) -> tuple[str, ...]:
    """The addresses of a name by this machine's resolver, IPv4 first; empty if it does not resolve."""
    found: list[str] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            found += sorted({str(one[4][0]) for one in socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)})
        except OSError:
            continue
    return tuple(found)


def attempts(entries: Mapping[int, Entry], seconds: float) -> dict[int, Outcome]:
    """Try ports for at most `seconds`, as facts.door's program does on a host; number → how it ended.

    `entries`: number → protocol, address, port, and UDP's payload in hex. UDP is sent again each EVERY_S seconds.
    """
    ended: dict[int, Outcome] = {}
    sockets: dict[int, socket.socket] = {}
    deadline = time.monotonic() + seconds
    following = 0.0
    try:
        while len(ended) < len(entries) and time.monotonic() < deadline:
            if time.monotonic() >= following:
                following = time.monotonic() + EVERY_S
                for number, entry in entries.items():
                    if number not in ended:
                        _begin(number, entry, sockets, ended)
            _collect(entries, sockets, ended)
    finally:
        for one in sockets.values():
            one.close()
    return {number: ended.get(number, "silent") for number in entries}


def _begin(number: int, entry: Entry, sockets: dict[int, socket.socket], ended: dict[int, Outcome]) -> None:
    """Begin a TCP connection once, or send a UDP packet."""
    protocol, address, port, payload = entry
    is_new = number not in sockets
    if is_new:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        try:
            sockets[number] = socket.socket(family, kind)
        except OSError:
            ended[number] = "unreachable"
            return
        sockets[number].setblocking(False)
        _note(number, sockets[number].connect_ex((address, port)), ended, is_open=protocol == "tcp")
    if protocol == "udp" and number not in ended:
        try:
            sockets[number].send(bytes.fromhex(payload))
        except OSError as error:
            _note(number, error.errno or 0, ended)


def _collect(entries: Mapping[int, Entry], sockets: Mapping[int, socket.socket], ended: dict[int, Outcome]) -> None:
    """Wait a moment for answers, and read them."""
    waiting = {number: one for number, one in sockets.items() if number not in ended}
    to_read = [one for number, one in waiting.items() if entries[number][0] == "udp"]
    to_write = [one for number, one in waiting.items() if entries[number][0] == "tcp"]
    if not waiting:
        return
    readable, writable, _ = select.select(to_read, to_write, [], 0.05)
    for number, one in waiting.items():
        if one in writable:
            _note(number, one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), ended)
        elif one in readable:
            try:
                one.recv(2048)
                ended[number] = "open"
            except OSError as error:
                _note(number, error.errno or 0, ended)


def _note(number: int, code: int, ended: dict[int, Outcome], is_open: bool = True) -> None:
    """Keep what an error number means; 0 is success, and proves something only if `is_open`."""
    if code in _PENDING or code == errno.ETIMEDOUT or (code == 0 and not is_open):
        return
    ended[number] = _WORDS.get(code, "unreachable")
