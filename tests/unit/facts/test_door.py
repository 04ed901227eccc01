"""The two programs on real sockets, in a network namespace of their own: each kind of answer, and what the host itself sees."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from cluster.observed.door import parse_attempts, parse_seen
from facts.door import attempts_script, watch_script

# In a namespace of its own there is no other traffic, and the packet filter of this machine stays as it is.
OWN_NETWORK = ["unshare", "-rn", "sh", "-s"]
NFT = pytest.mark.skipif(not shutil.which("nft"), reason="nftables is one of the lab's prerequisites")
RULES = """
table ip door {
  chain arrived {
    type filter hook input priority 0
    tcp dport 81 drop
    udp dport 82 drop
    tcp dport 83 reject with icmp type host-prohibited
    udp dport 84 reject with icmp type host-prohibited
    udp dport 85 reject with icmp type admin-prohibited
  }
}
"""


def run(script: str) -> list[str]:
    done = subprocess.run(OWN_NETWORK, input=f"ip link set lo up\n{script}", text=True, capture_output=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_closed_port_and_a_missing_route_without_any_filter() -> None:
    entries = {
        1: ("tcp", "127.0.0.1", 80, "", False),
        2: ("udp", "127.0.0.1", 3478, "00", False),
        3: ("tcp", "203.0.113.1", 443, "", False),
        4: ("udp", "203.0.113.1", 41641, "00", False),
        5: ("tcp", "::1", 443, "", False),
        6: ("tcp", "2001:db8::1", 443, "", False),
    }
    outcomes = parse_attempts(run(attempts_script(entries, 3)))
    assert outcomes == {1: "refused", 2: "refused", 3: "unreachable", 4: "unreachable", 5: "refused", 6: "unreachable"}


def test_a_program_that_listens() -> None:
    entries = {1: ("tcp", "127.0.0.1", 8443, "", False), 2: ("udp", "127.0.0.1", 3478, "abcd", False)}
    listen = (
        "python3 -c \"import signal, socket; t = socket.create_server(('127.0.0.1', 8443)); "
        "u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 3478)); print('up', flush=True); "
        'u.sendto(*u.recvfrom(99)); signal.pause()" > up & until test -s up; do :; done'
    )
    lines = run(f"cd $(mktemp -d); {listen}\n{attempts_script(entries, 5)}kill $!; wait")
    assert parse_attempts(lines) == {1: "open", 2: "open"}


@NFT
def test_what_a_packet_filter_answers_and_what_the_host_sees() -> None:
    entries = {
        1: ("tcp", "127.0.0.1", 81, "", False),
        2: ("udp", "127.0.0.1", 82, "aabb01", False),
        3: ("tcp", "127.0.0.1", 83, "", False),
        4: ("udp", "127.0.0.1", 84, "aabb02", False),
        5: ("udp", "127.0.0.1", 85, "aabb03", False),
    }
    # 6 waits for a packet that nobody sends: the program ends by its own limit.
    looked_for = {1: ("tcp", 81, ""), 2: ("udp", 82, "aabb01"), 6: ("udp", 82, "aabb09")}
    rules = f"nft -f - <<'RULES'\n{RULES}\nRULES\n"
    both = f"cd $(mktemp -d); {watch_script(looked_for, 3).strip()} > seen & {attempts_script(entries, 2)}wait; echo seen; cat seen"
    lines = run(rules + both)
    middle = lines.index("seen")
    assert parse_attempts(lines[:middle]) == {
        1: "silent",
        2: "silent",
        3: "prohibited",
        4: "prohibited",
        5: "prohibited",
    }
    seen = parse_seen(lines[middle:])
    assert (seen.is_watching, seen.arrived) == (True, (1, 2))


def test_a_stranger_s_first_packet_is_not_ours() -> None:
    once = "python3 -c \"import socket; socket.socket().connect_ex(('127.0.0.1', 81))\"; "
    lines = run(
        f"cd $(mktemp -d); {watch_script({1: ('tcp', 81, '')}, 1.5).strip()} > seen & until test -s seen; do :; done; {once}{once}wait; cat seen"
    )
    assert parse_seen(lines).arrived == ()


def test_what_is_refused_goes_on_if_the_host_must_see_it() -> None:
    entries = {
        1: ("tcp", "127.0.0.1", 81, "", True),
        2: ("tcp", "127.0.0.1", 82, "", False),
        3: ("udp", "127.0.0.1", 83, "ab01", True),
    }
    looked_for = {1: ("tcp", 81, ""), 2: ("tcp", 82, ""), 3: ("udp", 83, "ab01")}
    watch = f"cd $(mktemp -d); {watch_script(looked_for, 4).strip()} > seen & until test -s seen; do :; done; "
    lines = run(f"{watch}{attempts_script(entries, 2)}wait; echo seen; cat seen")
    middle = lines.index("seen")
    assert parse_attempts(lines[:middle]) == {1: "refused", 2: "refused", 3: "refused"}
    assert parse_seen(lines[middle:]).arrived == (1, 3)
