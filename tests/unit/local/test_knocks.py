"""The operator's own attempts on loopback: each kind of answer, within the time that was given."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from local import knocks


@pytest.fixture
def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_open_and_refused(listening: socket.socket) -> None:
    with listening:
        entries = {
            1: ("tcp", "127.0.0.1", listening.getsockname()[1], "", False),
            2: ("tcp", "127.0.0.1", free_port(socket.SOCK_STREAM), "", False),
            3: ("udp", "127.0.0.1", free_port(socket.SOCK_DGRAM), "00", False),
        }
        began = time.monotonic()
        assert knocks.attempts(entries, 5) == {1: "open", 2: "refused", 3: "refused"}
        assert time.monotonic() - began < 2


def test_udp_that_answers_and_udp_that_does_not() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute,
    ):
        for one in (answering, mute):
            one.bind(("127.0.0.1", 0))
        threading.Thread(target=lambda: answering.sendto(*answering.recvfrom(99)), daemon=True).start()
        entries: dict[int, knocks.Entry] = {
            number: ("udp", *one.getsockname(), "abcd", False) for number, one in enumerate((answering, mute))
        }
        began = time.monotonic()
        assert knocks.attempts(entries, 1) == {0: "open", 1: "silent"}
        assert 0.9 < time.monotonic() - began < 2
        assert mute.recv(99) == bytes.fromhex("abcd")


def test_no_way_there() -> None:
    """Linux refuses to send to class E without a route, and to broadcast without permission."""
    assert knocks.attempts({1: ("udp", "255.255.255.255", 9, "00", False)}, 1) == {1: "unreachable"}


def test_where_a_name_leads() -> None:
    assert "127.0.0.1" in knocks.addresses_of("localhost")
    assert knocks.addresses_of("127.0.0.1") == ("127.0.0.1",)
    assert knocks.addresses_of("no-such-name.invalid") == ()


def test_each_attempt_begins_again_so_that_the_other_side_can_count_it() -> None:
    """A refused one, too, if the host itself must see it: then it lasts the whole time."""
    port = free_port(socket.SOCK_STREAM)
    began = time.monotonic()
    assert knocks.attempts({1: ("tcp", "127.0.0.1", port, "", True)}, 1) == {1: "refused"}
    assert time.monotonic() - began >= 1
