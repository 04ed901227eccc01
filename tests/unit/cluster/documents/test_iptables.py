from __future__ import annotations

import pytest

from cluster.documents.iptables import Filters, Rule, corrected, needed, parse, parse_filters, plan, refuses
from tests.places import CASES
from tests.unit.cluster.documents.test_routes import declared

ORACLE = (CASES / "iptables" / "oracle.v4").read_text()
IN = Rule("INPUT", "-i tailscale0")
UDP = Rule("INPUT", "-p udp -m udp --dport 41641")
THROUGH = Rule("FORWARD", "-s 10.244.0.0/16")
RULES = (IN, UDP, THROUGH)
REJECT = "-j REJECT --reject-with icmp-host-prohibited"


def table(*rules: str, forward: str = "ACCEPT", chains: tuple[str, ...] = ()) -> str:
    heads = [
        ":INPUT ACCEPT [0:0]",
        f":FORWARD {forward} [0:0]",
        ":OUTPUT ACCEPT [0:0]",
        *(f":{name} - [0:0]" for name in chains),
    ]
    return "\n".join(["*filter", *heads, *rules, "COMMIT", ""])


class TestRefuses:
    @pytest.mark.parametrize(
        ("text", "refused"),
        [
            (table(), False),
            (table(forward="DROP"), True),
            (table("-A FORWARD -j REJECT --reject-with icmp-host-prohibited"), True),
            (table("-A FORWARD -j DROP"), True),
            (table('-A FORWARD -m comment --comment "the end, -j ACCEPT or not" -j DROP'), True),
            (table("-A FORWARD -i eth0 -j DROP"), False),
            (table("-A FORWARD -j ACCEPT", "-A FORWARD -j DROP"), False),
            (
                table("-A FORWARD -j GUARD", "-A GUARD -s 10.0.0.0/8 -j ACCEPT", "-A GUARD -j DROP", chains=("GUARD",)),
                True,
            ),
            (table("-A FORWARD -j GUARD", "-A GUARD -j RETURN", "-A GUARD -j DROP", chains=("GUARD",)), False),
            (table("-A FORWARD -i eth0 -j GUARD", "-A GUARD -j DROP", chains=("GUARD",)), False),
            (table("-A FORWARD -g GUARD", "-A GUARD -j REJECT", chains=("GUARD",)), True),
            (table("-A FORWARD -j A", "-A A -j B", "-A B -j A", chains=("A", "B")), False),
            ("*nat\n:FORWARD DROP [0:0]\nCOMMIT\n", False),
            ("", False),
        ],
    )
    def test_forward(self, text: str, refused: bool) -> None:
        assert refuses(parse(text.splitlines()), "FORWARD") is refused


class TestCorrected:
    def test_rules_stand_in_front_of_what_refuses(self) -> None:
        lines = corrected(ORACLE, RULES).splitlines()
        reject = lines.index(f"-A INPUT {REJECT}")
        assert lines[reject - 2 : reject] == [IN.text, UDP.text]
        assert lines[lines.index(f"-A FORWARD {REJECT}") - 1] == THROUGH.text

    def test_every_other_line_stays_as_and_where_it_was(self) -> None:
        after = corrected(ORACLE, RULES).splitlines()
        assert [line for line in after if line not in {rule.text for rule in RULES}] == ORACLE.splitlines()

    def test_twice_is_once(self) -> None:
        once = corrected(ORACLE, RULES)
        assert corrected(once, RULES) == once

    def test_a_rule_that_is_no_longer_wanted_goes(self) -> None:
        assert corrected(corrected(ORACLE, RULES), (UDP,)) == corrected(ORACLE, (UDP,))
        assert corrected(corrected(ORACLE, RULES), ()) == ORACLE

    def test_a_file_that_refuses_nothing_is_untouched(self) -> None:
        assert corrected(table("-A INPUT -p icmp -j ACCEPT"), RULES) == table("-A INPUT -p icmp -j ACCEPT")

    def test_a_file_without_a_final_newline_and_without_need_is_untouched(self) -> None:
        text = table().rstrip("\n")
        assert corrected(text, RULES) == text

    def test_a_policy_of_drop_takes_them_at_the_end_of_the_chain(self) -> None:
        before = table("-A FORWARD -i docker0 -j ACCEPT", "-A OUTPUT -j ACCEPT", forward="DROP")
        assert corrected(before, (THROUGH,)).splitlines()[4:7] == [
            "-A FORWARD -i docker0 -j ACCEPT",
            THROUGH.text,
            "-A OUTPUT -j ACCEPT",
        ]

    def test_an_empty_chain_that_drops(self) -> None:
        assert corrected(table(forward="DROP"), (THROUGH,)).splitlines()[-2:] == [THROUGH.text, "COMMIT"]

    def test_only_the_filter_table_is_touched(self) -> None:
        other = "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j DROP\nCOMMIT\n"
        before = other + table(f"-A FORWARD {REJECT}") + other
        assert corrected(before, (THROUGH,)) == other + table(THROUGH.text, f"-A FORWARD {REJECT}") + other

    def test_counters_are_understood(self) -> None:
        before = table(f"[12:3456] -A FORWARD {REJECT}")
        assert corrected(before, (THROUGH,)) == table(THROUGH.text, f"[12:3456] -A FORWARD {REJECT}")

    def test_a_chain_of_another_program_that_refuses(self) -> None:
        before = table("-A FORWARD -j GUARD", "-A GUARD -j DROP", chains=("GUARD",))
        assert corrected(before, (THROUGH,)) == table(
            THROUGH.text, "-A FORWARD -j GUARD", "-A GUARD -j DROP", chains=("GUARD",)
        )


class TestPlan:
    def test_nothing_refuses(self) -> None:
        todo = plan(Filters("nft", {"nft": tuple(table().splitlines())}), RULES)
        assert (todo.script_rules, todo.pending, todo.kept) == ({}, False, None)

    def test_no_rules_at_all(self) -> None:
        assert plan(Filters("none"), RULES).script_rules == {}

    def test_both_backends_are_judged_by_themselves(self) -> None:
        live = {
            "nft": tuple(table(forward="DROP").splitlines()),
            "legacy": tuple(table(f"-A INPUT {REJECT}").splitlines()),
        }
        todo = plan(Filters("nft", live), RULES)
        assert todo.script_rules == {"nft": (THROUGH,), "legacy": (IN, UDP)}
        assert todo.pending

    def test_what_the_next_boot_brings_counts_for_the_default_backend(self) -> None:
        todo = plan(Filters("legacy", {}, kept=ORACLE), RULES)
        assert todo.script_rules == {"legacy": RULES}
        assert todo.kept == corrected(ORACLE, RULES)

    def test_rules_that_stand_are_not_pending(self) -> None:
        lines = corrected(ORACLE, RULES)
        todo = plan(Filters("nft", {"nft": tuple(lines.splitlines())}, kept=lines), RULES)
        assert not todo.pending
        assert todo.kept == lines

    def test_a_rule_behind_what_refuses_does_not_count(self) -> None:
        live = {"nft": tuple(table(f"-A FORWARD {REJECT}", THROUGH.text).splitlines())}
        assert plan(Filters("nft", live), (THROUGH,)).pending

    def test_a_rule_of_ours_that_is_not_wanted_any_more_is_pending(self) -> None:
        live = {"nft": tuple(table(UDP.text, THROUGH.text, f"-A FORWARD {REJECT}").splitlines())}
        assert plan(Filters("nft", live), (THROUGH,)).pending


def test_the_fact_s_sections() -> None:
    found = parse_filters(
        [
            "== default nft",
            "== live nft",
            "*filter",
            "== live legacy",
            "== kept",
            "begins",
            "KmZpbHRlcgpDT01NSVQK",
            "ends",
            "== end",
        ]
    )
    assert found == Filters("nft", {"nft": ("*filter",)}, kept="*filter\nCOMMIT\n")


def test_each_part_of_the_mesh_admits_what_it_serves() -> None:
    cluster = declared(all={"api_access": ["198.51.100.0/24"]})
    admitted = {host.name: {rule.match for rule in needed(cluster, host)} for host in cluster.hosts}
    for matches in admitted.values():
        assert {"-i tailscale0", "-p udp -m udp --dport 41641"} <= matches
    gateway, coordinator, node = cluster.gateway.name, cluster.coordinator.name, cluster.control_planes[0].name
    assert {"-p tcp -m tcp --dport 80", "-p tcp -m tcp --dport 443"} <= admitted[gateway]
    assert [name for name, matches in admitted.items() if "-p udp -m udp --dport 3478" in matches] == [coordinator]
    assert [
        name for name, matches in admitted.items() if "-s 198.51.100.0/24 -p tcp -m tcp --dport 6443" in matches
    ] == [node]
    assert f"-s {cluster.pod_cidr}" in admitted[node]


def test_an_api_that_is_open_to_everybody_has_no_source() -> None:
    cluster = declared(all={"api_access": ["0.0.0.0/0"]})
    assert Rule("INPUT", "-p tcp -m tcp --dport 6443") in needed(cluster, cluster.control_planes[0])
