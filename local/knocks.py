"""What the operator's machine finds out about the cluster from outside: where a name leads, and which ports answer it."""

from __future__ import annotations

import errno
import select
import socket
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.observed.door import Outcome

# Protocol, address, port, UDP's payload in hex, and whether to go on sending after an answer.
Entry = tuple[str, str, int, str, bool]
EVERY_S = 0.25
_WORDS: Mapping[int, Outcome] = {
    0: "open",
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "refused",
    errno.EHOSTUNREACH: "prohibited",
}
_PENDING = (errno.EINPROGRESS, errno.EAGAIN, errno.EALREADY, errno.ETIMEDOUT)


def addresses_of(name: str) -> tuple[str, ...]:
    """The addresses of a name by this machine's resolver, IPv4 first; empty if it does not resolve."""
    found: list[str] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            found += sorted({str(one[4][0]) for one in socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)})
        except OSError:
            continue
    return tuple(found)


def has_proxy() -> bool:
    """Whether this machine's programs are to reach the web through a proxy (https_proxy, http_proxy, all_proxy)."""
    return bool({"http", "https", "all"} & set(urllib.request.getproxies()))


def attempts(entries: Mapping[int, Entry], seconds: float) -> dict[int, Outcome]:
    """Try ports for at most `seconds`, as facts.door's program does on a host; number → how it ended.

    Each attempt begins again every EVERY_S seconds, so that the other side can count its packets.
    """
    tried = _Tried(entries)
    deadline = time.monotonic() + seconds
    following = 0.0
    try:
        while tried.open_numbers() and time.monotonic() < deadline:
            if time.monotonic() >= following:
                following = time.monotonic() + EVERY_S
                for number in tried.open_numbers():
                    tried.begin(number)
            tried.collect()
    finally:
        for _, one in tried.waiting:
            one.close()
    return {number: tried.ended.get(number, "silent") for number in entries}


@dataclass
class _Tried:
    """Attempts under way; `waiting`: their sockets, several for one attempt by TCP."""

    entries: Mapping[int, Entry]
    ended: dict[int, Outcome] = field(default_factory=dict)
    waiting: list[tuple[int, socket.socket]] = field(default_factory=list)

    def open_numbers(self) -> list[int]:
        """The attempts that go on."""
        return [number for number, entry in self.entries.items() if entry[4] or number not in self.ended]

    def begin(self, number: int) -> None:
        """Begin a TCP connection, or send a UDP packet."""
        protocol, address, port, payload, _ = self.entries[number]
        sent = [one for known, one in self.waiting if known == number and protocol == "udp"]
        try:
            if not sent:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                sent = [socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)]
                sent[0].setblocking(False)
                self.waiting.append((number, sent[0]))
                code = sent[0].connect_ex((address, port))
                if code or protocol == "tcp":
                    self._note(number, code)
            if protocol == "udp":
                sent[0].send(bytes.fromhex(payload))
        except OSError as error:
            self._note(number, error.errno or 0)

    def collect(self) -> None:
        """Wait a moment for answers, and read them."""
        to_read = [one for number, one in self.waiting if self.entries[number][0] == "udp"]
        to_write = [one for number, one in self.waiting if self.entries[number][0] == "tcp"]
        readable, writable, _ = select.select(to_read, to_write, [], 0.05)
        for number, one in list(self.waiting):
            if one in writable:
                self._note(number, one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
                self.waiting.remove((number, one))
                one.close()
            elif one in readable:
                try:
                    one.recv(2048)
                    self._note(number, 0)
                except OSError as error:
                    self._note(number, error.errno or 0)

    def _note(self, number: int, code: int) -> None:
        """Keep what an error number means, the first time."""
        if code not in _PENDING:
            self.ended.setdefault(number, _WORDS.get(code, "unreachable"))
