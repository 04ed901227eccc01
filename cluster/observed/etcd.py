"""What etcdctl prints of etcd's members."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Member:
    """A member of etcd: `id` as etcdctl takes it, `name` is its host's."""

    id: str
    name: str
    healthy: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_members(lines: Sequence[str]) -> list[Member] | None:
    """`member list -w json`, then `endpoint health --cluster -w json`, each on a line of its own; None if the first failed."""
    if lines[-1] == "unknown":
        return None
    documents = [json.loads(line) for line in lines if line.strip()]
    listed, health = documents[0]["members"], documents[1] if len(documents) > 1 else []
    answering = {entry["endpoint"] for entry in health if entry["health"]}
    return [
        Member(f"{entry['ID']:x}", entry.get("name", ""), bool(answering & set(entry.get("clientURLs", ()))))
        for entry in listed
    ]
