"""The packets that a host must accept and forward, and the correction of iptables rules that would drop or reject them.

Images such as Oracle's reject unknown packets; Docker's FORWARD policy drops them. Only chains that refuse packets are changed: our
ACCEPT rules are inserted before the rule that refuses, marked by a comment, and every other line stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Network

from cluster import ports
from cluster.documents import flannel
from cluster.file_text import as_lines
from cluster.model import Cluster, Host
from cluster.observed.files import parse_whole

COMMENT = "isthmus"
MARK = f"-m comment --comment {COMMENT} "
_APPENDED = re.compile(r"^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$")
_ANY_COMMENT = re.compile(r'-m comment --comment (?:"(?:[^"\\]|\\.)*"|\S+) ?')


@dataclass(frozen=True)
class Rule:
    """An ACCEPT rule in `chain`. `match`: its condition as iptables-save prints it, so that rules can be compared as text."""

    chain: str
    match: str

    @property
    def text(self) -> str:
        """The rule as iptables-save prints it."""
        return f"-A {self.chain} {self.body}"

    @property
    def body(self) -> str:
        """The rule without `-A` and the chain's name."""
        return f"{self.match} {MARK}-j ACCEPT"


@dataclass(frozen=True)
class Chain:
    """A chain of the filter table; a user-defined chain has the policy `-`."""

    policy: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filters:
    """A host's IPv4 filter rules. `live`: iptables backend (nft, legacy) → lines of iptables-save; `kept`: the image's saved rules for
    the next boot, None if there is no such file; `script`: the text of our boot script, None if there is none."""

    default_backend: str
    live: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kept: str | None = None
    script: str | None = None

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """The changes of a host's filters. `script_rules`: backend → rules to insert now and at each boot; `pending`: live rules differ from
    that now; `kept`: the wanted text of the saved rules, None if there is no such file."""

    script_rules: dict[str, tuple[Rule, ...]]
    pending: bool
    kept: str | None


def needed(cluster: Cluster, host: Host) -> tuple[Rule, ...]:
    """The packets that `host` must accept for its roles in the tailnet and the cluster."""
    return tuple(Rule("INPUT", match) for match in _input(cluster, host)) + tuple(
        Rule("FORWARD", match) for match in _forward(cluster, host)
    )


def plan(found: Filters, rules: Sequence[Rule]) -> Plan:
    """The changes by which `rules` are accepted in each chain that would drop or reject their packets."""
    live = {backend: parse(lines) for backend, lines in found.live.items()}
    kept = parse(as_lines(found.kept or ""))
    wanted: dict[str, tuple[Rule, ...]] = {}
    pending = False
    for backend in sorted({*live, found.default_backend} - {"none"}):
        chains = live.get(backend, {})
        lasting = kept if backend == found.default_backend else {}
        refused = tuple(rule for rule in rules if refuses(chains, rule.chain) or refuses(lasting, rule.chain))
        outdated = _ours(chains) - {rule.text for rule in refused}
        pending = pending or bool(outdated) or not all(_is_accepted(chains, rule) for rule in refused)
        if refused:
            wanted[backend] = refused
    return Plan(wanted, pending, None if found.kept is None else corrected(found.kept, rules))


def missing_rules(found: Filters, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Those of `rules` that some chain would refuse now, as nothing of ours stands before; in the spelling of iptables-save."""
    planned = plan(found, rules)
    if not planned.pending:
        return ()
    live = {backend: parse(found.live.get(backend, ())) for backend in planned.script_rules}
    wanted = [
        (rule, live[backend].get(rule.chain, Chain("-")))
        for backend, listed in planned.script_rules.items()
        for rule in listed
    ]
    missing = [rule.text for rule, chain in wanted if rule.body not in chain.rules]
    return tuple(dict.fromkeys(missing or [rule.text for rule, _ in wanted]))


def refuses(chains: dict[str, Chain], name: str) -> bool:
    """Whether the chain drops or rejects a packet that no rule matches."""
    chain = chains.get(name)
    return chain is not None and (chain.policy == "DROP" or _first_refusal(chains, name) is not None)


def parse(lines: Iterable[str]) -> dict[str, Chain]:
    """The chains of the filter table in the output of iptables-save."""
    policies: dict[str, str] = {}
    rules: dict[str, list[str]] = {}
    table = ""
    for line in (line.strip() for line in lines):
        if line.startswith("*"):
            table = line[1:]
        elif table != "filter":
            continue
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            policies[chain] = policy
        elif match := _APPENDED.match(line):
            rules.setdefault(match[1], []).append(match[2])
    return {chain: Chain(policies.get(chain, "-"), tuple(rules.get(chain, ()))) for chain in {*policies, *rules}}


def corrected(text: str, rules: Sequence[Rule]) -> str:
    """The rules file with `rules` inserted before the rule that refuses their packets; all other lines stay."""
    before = as_lines(text)
    lines = [line for line in before if not _is_ours(line)]
    chains = parse(lines)
    for name in dict.fromkeys(rule.chain for rule in rules):
        if refuses(chains, name):
            at = _place(lines, chains, name)
            lines[at:at] = [rule.text for rule in rules if rule.chain == name]
    return text if lines == before else "\n".join(lines) + "\n"


def parse_filters(lines: Iterable[str]) -> Filters:
    """The answer of facts.network.PacketFilter: sections headed by `== name`."""
    sections: dict[str, list[str]] = {}
    section = ""
    for line in lines:
        if line.startswith("== "):
            section = line.removeprefix("== ")
            sections[section] = []
        else:
            sections[section].append(line)
    return Filters(
        default_backend=next(name for name in sections if name.startswith("default ")).split()[1],
        live={
            backend: tuple(sections[f"live {backend}"])
            for backend in ("nft", "legacy")
            if sections.get(f"live {backend}")
        },
        kept=parse_whole(sections["kept"]) if "kept" in sections else None,
        script=_text(sections.get("script")),
    )


def _input(cluster: Cluster, host: Host) -> Iterator[str]:
    answers = ports.of(cluster, host)
    tunnel, *public = (_to(number, port) for number, port in answers if port.source == "internet")
    yield f"-i {flannel.INTERFACE}"
    yield tunnel
    yield from (f"-s {other.lan_address}/32" for other in cluster.hosts_of(host.site) if other.name != host.name)
    yield from public
    if host.is_node:
        # The node's pods reach it through the bridge, pods of other nodes through the tailnet or flannel's vxlan.
        yield from (f"-i {flannel.BRIDGE}", f"-i {flannel.VXLAN_LINK}")
    for number, port in answers:
        if port.source == "api_access":
            yield from (f"{_source(network)}{_to(number, port)}" for network in cluster.api_access)


def _to(number: int, port: ports.Port) -> str:
    return f"-p {port.protocol} -m {port.protocol} --dport {number}"


def _source(network: IPv4Network) -> str:
    # iptables-save does not print the source 0.0.0.0/0.
    return f"-s {network} " if network.prefixlen else ""


def _forward(cluster: Cluster, host: Host) -> Iterator[str]:
    yield from (f"-i {flannel.INTERFACE}", f"-o {flannel.INTERFACE}")
    if host.is_node:
        yield from (f"-s {cluster.pod_cidr}", f"-d {cluster.pod_cidr}")


def _first_refusal(chains: dict[str, Chain], name: str, seen: tuple[str, ...] = ()) -> int | None:
    """Index of the first unconditional DROP or REJECT in the chain, following jumps; None if there is none."""
    for place, rule in enumerate(chains.get(name, Chain("-")).rules):
        words = _ANY_COMMENT.sub("", rule).split()
        if len(words) < 2 or words[0] not in ("-j", "-g"):
            continue
        target = words[1]
        if target in ("ACCEPT", "RETURN"):
            return None
        if target in ("DROP", "REJECT"):
            return place
        if target in chains and target not in seen and _first_refusal(chains, target, (*seen, name)) is not None:
            return place
    return None


def _is_accepted(chains: dict[str, Chain], rule: Rule) -> bool:
    chain = chains.get(rule.chain, Chain("-"))
    return rule.body in chain.rules[: _first_refusal(chains, rule.chain)]


def _ours(chains: dict[str, Chain]) -> set[str]:
    return {f"-A {name} {rule}" for name, chain in chains.items() for rule in chain.rules if MARK in rule}


def _is_ours(line: str) -> bool:
    return bool(_APPENDED.match(line)) and MARK in line


def _place(lines: Sequence[str], chains: dict[str, Chain], name: str) -> int:
    """Index of the line before which a rule of the chain is inserted: the first refusal, or the end of the chain."""
    start = lines.index("*filter")
    end = next(at for at, line in enumerate(lines) if at > start and line.strip() == "COMMIT")
    places = [at for at in range(start, end) if (match := _APPENDED.match(lines[at])) and match[1] == name]
    refusal = _first_refusal(chains, name)
    if refusal is not None:
        return places[refusal]
    return places[-1] + 1 if places else end


def _text(lines: list[str] | None) -> str | None:
    return None if lines is None else "".join(f"{line}\n" for line in lines)
