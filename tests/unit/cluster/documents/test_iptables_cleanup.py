"""What is taken out of a host's iptables is ours, all of it, and nothing else. The rules are those of a real worker."""

from __future__ import annotations

import pytest

from cluster.documents.iptables_cleanup import removal
from tests.places import CASES

FOLDER = CASES / "iptables"
# Oracle's image, Docker's chains, tailscale, kube-proxy, kubelet, flannel and our own rules, all at once.
WORKER = (FOLDER / "worker.v4").read_text().splitlines()
PORTMAP = r"""
*nat
:OUTPUT ACCEPT [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-DN-0123456789abcdef01234 - [0:0]
:CNI-DN-fedcba98765432100fedc - [0:0]
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \"cbr0\" id: \"aa\"" -m multiport --dports 80 -j CNI-DN-0123456789abcdef01234
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \"podman\" id: \"bb\"" -m multiport --dports 81 -j CNI-DN-fedcba98765432100fedc
-A CNI-DN-0123456789abcdef01234 -p tcp -j DNAT --to-destination 10.244.1.9:80
-A CNI-DN-fedcba98765432100fedc -p tcp -j DNAT --to-destination 10.88.0.2:80
COMMIT
"""


def applied(saved: list[str], script: str) -> list[str]:
    """What is left of the rules and chains, as iptables-restore --noflush would leave them."""
    table, left = "", [line for line in saved if line and not line.startswith("#")]
    owners = owned(left)
    for line in script.splitlines():
        verb, _, rest = line.partition(" ")
        if line.startswith("*"):
            table = line
        elif verb == "-D":
            at = next(i for i, entry in enumerate(left) if owners[i] == table and entry == f"-A {rest}")
            del left[at], owners[at]
        elif verb in ("-F", "-X"):
            gone = f"-A {rest} " if verb == "-F" else f":{rest} "
            kept = [i for i, entry in enumerate(left) if not (owners[i] == table and entry.startswith(gone))]
            left, owners = [left[i] for i in kept], [owners[i] for i in kept]
    return left


def owned(lines: list[str]) -> list[str]:
    """For each line, the table that it stands in."""
    tables, table = [], ""
    for line in lines:
        table = line if line.startswith("*") else table
        tables.append(table)
    return tables


def is_ours(line: str) -> bool:
    return "KUBE-" in line or "FLANNEL-" in line or "--comment isthmus " in line


def test_all_of_ours_goes_and_every_other_line_stays_in_its_place() -> None:
    left = applied(WORKER, removal(WORKER, with_marked=True))
    assert left == [line for line in WORKER if not is_ours(line)]
    assert any("InstanceServices" in line for line in left)
    assert any("DOCKER" in line for line in left)
    assert any("ts-input" in line for line in left)


def test_what_admits_the_tailnet_stays_where_the_tailnet_stays() -> None:
    left = applied(WORKER, removal(WORKER, with_marked=False))
    assert [line for line in left if is_ours(line)] == [line for line in WORKER if "--comment isthmus " in line]


def test_a_second_time_there_is_nothing_to_take_out() -> None:
    assert removal(applied(WORKER, removal(WORKER, with_marked=True)), with_marked=True) == ""


def test_a_word_in_somebodys_comment_is_no_chain() -> None:
    rules = [
        "*filter",
        ":INPUT ACCEPT [0:0]",
        '-A INPUT -m comment --comment "see -j KUBE-X, FLANNEL-Y" -j ACCEPT',
        "COMMIT",
    ]
    assert removal(rules, with_marked=True) == ""


def test_chains_that_pods_of_others_need_stay() -> None:
    saved = PORTMAP.splitlines()
    script = removal(saved, with_marked=True)
    assert script.count("-X ") == 1
    assert "-X CNI-DN-0123456789abcdef01234" in script
    alone = [line for line in saved if "podman" not in line and "fedc" not in line]
    assert [line for line in applied(alone, removal(alone, with_marked=True)) if "CNI" in line] == []


@pytest.mark.parametrize("with_marked", [True, False])
def test_rules_of_others_alone_are_left_alone(with_marked: bool) -> None:
    assert removal((FOLDER / "oracle.v4").read_text().splitlines(), with_marked) == ""
