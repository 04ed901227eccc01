"""What `headscale … --output json` prints: machines, their routes, and keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Node:
    """A machine that headscale has registered.

    `name` is unique in the tailnet, `hostname` is the machine's own. Of its routes, `available` are advertised by the machine,
    `approved` by the policy or an administrator, `served` are in use. `expiry` of its key in seconds since 1970, None if it has
    none.
    """

    id: int
    name: str
    hostname: str
    addresses: tuple[str, ...]
    node_key: str
    tags: tuple[str, ...]
    online: bool
    available: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    expiry: int | None = None

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Route:
    """A prefix that a node advertises to the tailnet, or that was approved for it."""

    node: str
    prefix: str
    available: bool
    approved: bool
    served: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Key:
    """A key by which machines may join, without its secret.

    `spent` = it was for one use, and has been used; `ends` in seconds of the coordinator's clock, 0 if unknown.
    """

    id: int
    tags: tuple[str, ...]
    spent: bool = False
    ends: int = 0

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Standing:
    """The headscale that a host has. `config`, `database`: paths, empty if absent; `server`: its server_url.

    `is_ours`: the configuration was written by this project. `users` and `machines`: their number, 0 if headscale does not answer.
    """

    is_ours: bool = False
    config: str = ""
    database: str = ""
    server: str = ""
    users: int = 0
    machines: int = 0

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_standing(lines: Iterable[str]) -> Standing:
    """The answer of facts.headscale.Standing: lines of a word and its value."""
    found = {word: rest.strip() for word, _, rest in (line.partition(" ") for line in lines)}
    return Standing(
        is_ours=found.get("ours") == "yes",
        config=found.get("config", ""),
        database=found.get("database", ""),
        server=found.get("server", "").strip("\"'"),
        users=int(found.get("users") or 0),
        machines=int(found.get("machines") or 0),
    )


def parse_nodes(lines: Sequence[str]) -> tuple[Node, ...] | None:
    """`headscale nodes list`, from 0.26 to the announced 0.30, which print an empty list as null; None if it is `unknown`."""
    entries = _entries(lines)
    return None if entries is None else tuple(_node(entry) for entry in entries)


def parse_keys(lines: Sequence[str]) -> tuple[Key, ...] | None:
    """`headscale preauthkeys list`; None if it is `unknown`."""
    entries = _entries(lines)
    return None if entries is None else tuple(_key(entry) for entry in entries)


def parse_api_keys(lines: Sequence[str]) -> dict[str, int]:
    """`headscale apikeys list`: name of the key → when it expires, in seconds since 1970; keys without an expiry are left out."""
    ends = {f"API key {_field(entry, 'id')}": _seconds(_field(entry, "expiration")) for entry in _entries(lines) or ()}
    return {name: end for name, end in ends.items() if end}


def parse_key(text: str) -> tuple[int, str]:
    """Id and secret in the answer of `headscale preauthkeys create`; ValueError if it is no key."""
    try:
        entry = json.loads(text)
        return int(entry["id"]), str(entry["key"])
    except (ValueError, KeyError, TypeError):
        # The answer may hold the key: it must not be shown.
        raise ValueError("headscale's answer is no key") from None


def node_of(nodes: Iterable[Node], hostname: str) -> Node | None:
    """The machine of that host name: of several, one that is online, and of those the one registered last."""
    found = [node for node in nodes if node.hostname == hostname]
    return max(found, key=lambda node: (node.online, node.id), default=None)


def routes_of(nodes: Iterable[Node]) -> tuple[Route, ...]:
    """One row for each node and prefix."""
    return tuple(
        Route(node.name, prefix, prefix in node.available, prefix in node.approved, prefix in node.served)
        for node in nodes
        for prefix in dict.fromkeys((*node.available, *node.approved, *node.served))
    )


def _entries(lines: Sequence[str]) -> list[dict[str, Any]] | None:
    text = "\n".join(lines).strip()
    return None if text == "unknown" else json.loads(text) or []


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
        expiry=_seconds(_field(entry, "expiry")),
    )


def _key(entry: Mapping[str, Any]) -> Key:
    return Key(
        id=int(_field(entry, "id")),
        tags=_strings(entry, "acl_tags"),
        spent=bool(_field(entry, "used")) and not _field(entry, "reusable"),
        ends=_seconds(_field(entry, "expiration")) or 0,
    )


def _seconds(found: Any) -> int | None:
    """A time as headscale prints it: {"seconds": …} to 0.29, RFC 3339 from 0.30 on; a time before 1971 means none."""
    if isinstance(found, Mapping):
        seconds = int(found.get("seconds") or 0)
    else:
        seconds = int(datetime.fromisoformat(str(found)).timestamp()) if found else 0
    return seconds if seconds > 31536000 else None


def _strings(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(_field(entry, key) or ())


def _field(entry: Mapping[str, Any], key: str) -> Any:
    """The value under its name of 0.29 (ip_addresses) or of 0.30 (ipAddresses); None if it is left out."""
    head, *rest = key.split("_")
    return entry.get(key, entry.get(head + "".join(word.capitalize() for word in rest)))
