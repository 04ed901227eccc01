"""What the coordinator's headscale knows: nodes and the routes that they offer."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from facts.base import Fact, parse_errors_as_fact_errors

# Hosts without headscale have no nodes; `unknown` stands for a headscale that does not answer.
LIST_NODES = "command -v headscale >/dev/null || { echo '[]'; exit 0; }; timeout 10 headscale nodes list --output json 2>/dev/null || echo unknown"


@dataclass(frozen=True)
class Node:
    """A machine that headscale has registered.

    `name` is unique in the tailnet, `hostname` is what the machine calls itself. Of its routes, `available` are announced by
    the machine, `approved` by the policy or an administrator, `served` are in use.
    """

    id: int
    name: str
    hostname: str
    addresses: tuple[str, ...]
    node_key: str
    tags: tuple[str, ...]
    online: bool
    available: tuple[str, ...]
    approved: tuple[str, ...]
    served: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Route:
    """A prefix that a node offers to the tailnet, or that was approved for it."""

    node: str
    prefix: str
    available: bool
    approved: bool
    served: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class Nodes(Fact[tuple[Node, ...] | None]):
    """The registered machines; empty on a host without headscale, None where headscale does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return LIST_NODES

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tuple[Node, ...] | None:
        return parse_nodes("\n".join(output))


class Routes(Fact[tuple[Route, ...] | None]):
    """The prefixes of every registered machine; empty on a host without headscale, None where headscale does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return LIST_NODES

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tuple[Route, ...] | None:
        nodes = parse_nodes("\n".join(output))
        return None if nodes is None else routes_of(nodes)


@dataclass(frozen=True)
class Key:
    """A key by which machines may join: never its secret.

    `spent` = it was for one use, and has been used; `ends` in seconds of the coordinator's clock, 0 where it is not known.
    """

    id: int
    tags: tuple[str, ...]
    spent: bool = False
    ends: int = 0

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class Keys(Fact[tuple[Key, ...] | None]):
    """The keys for joining that headscale keeps; empty on a host without headscale, None where headscale does not answer."""

    depends_on_other_hosts = True

    def command(self) -> str:
        return LIST_NODES.replace("nodes list", "preauthkeys list")

    @parse_errors_as_fact_errors
    def process(self, output: list[str]) -> tuple[Key, ...] | None:
        text = "\n".join(output).strip()
        if text == "unknown":
            return None
        return tuple(_key(entry) for entry in json.loads(text) or [])


class Reachable(Fact[str | None]):
    """Why headscale does not answer at `login_server` from this host, in curl's words; empty when it does, None = unknown."""

    depends_on_other_hosts = True

    def command(self, login_server: str) -> str:
        url = shlex.quote(f"{login_server}/health")
        return (
            "if ! command -v curl >/dev/null; then echo 'curl is not installed'; "
            f'elif said=$(curl -fsS --max-time 5 -o /dev/null {url} 2>&1); then echo; else echo "${{said:-no answer}}"; fi'
        )

    def process(self, output: list[str]) -> str:
        return " ".join(output).strip()


def parse_nodes(text: str) -> tuple[Node, ...] | None:
    """The nodes of `headscale nodes list --output json`, from 0.26 to the announced 0.30; an empty list prints as null."""
    if text.strip() == "unknown":
        return None
    return tuple(_node(entry) for entry in json.loads(text) or [])


def node_of(nodes: Iterable[Node], hostname: str) -> Node | None:
    """The machine that calls itself so: of several, one that is online, and of those the one registered last."""
    found = [node for node in nodes if node.hostname == hostname]
    return max(found, key=lambda node: (node.online, node.id), default=None)


def routes_of(nodes: Iterable[Node]) -> tuple[Route, ...]:
    """One row for each node and prefix."""
    return tuple(
        Route(node.name, prefix, prefix in node.available, prefix in node.approved, prefix in node.served)
        for node in nodes
        for prefix in dict.fromkeys((*node.available, *node.approved, *node.served))
    )


def _node(entry: Mapping[str, Any]) -> Node:
    return Node(
        id=int(_field(entry, "id")),
        name=str(_field(entry, "given_name") or _field(entry, "name") or ""),
        hostname=str(_field(entry, "name") or ""),
        addresses=_strings(entry, "ip_addresses"),
        node_key=str(_field(entry, "node_key") or ""),
        # Before 0.28 a node's tags were two lists.
        tags=_strings(entry, "tags")
        or tuple(dict.fromkeys((*_strings(entry, "forced_tags"), *_strings(entry, "valid_tags")))),
        online=bool(_field(entry, "online")),
        available=_strings(entry, "available_routes"),
        approved=_strings(entry, "approved_routes"),
        served=_strings(entry, "subnet_routes"),
    )


def _key(entry: Mapping[str, Any]) -> Key:
    return Key(
        id=int(_field(entry, "id")),
        tags=_strings(entry, "acl_tags"),
        spent=bool(_field(entry, "used")) and not _field(entry, "reusable"),
        ends=_seconds(_field(entry, "expiration")),
    )


def _seconds(found: Any) -> int:
    """A time as headscale writes it: {"seconds": …} to 0.29, RFC 3339 from 0.30 on."""
    if isinstance(found, Mapping):
        return int(found.get("seconds") or 0)
    return int(datetime.fromisoformat(str(found)).timestamp()) if found else 0


def _strings(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(_field(entry, key) or ())


def _field(entry: Mapping[str, Any], key: str) -> Any:
    """The value under its name of 0.29 (ip_addresses) or of 0.30 (ipAddresses); None where it is left out."""
    head, *rest = key.split("_")
    return entry.get(key, entry.get(head + "".join(word.capitalize() for word in rest)))


def parse_key(text: str) -> tuple[int, str]:
    """Id and secret in the answer of `headscale preauthkeys create --output json`; ValueError where it is none."""
    try:
        entry = json.loads(text)
        return int(entry["id"]), str(entry["key"])
    except (ValueError, KeyError, TypeError):
        # The answer may hold the key: it must not be shown.
        raise ValueError("headscale's answer is no key") from None
