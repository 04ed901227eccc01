"""What `--limit` and `--exclude` leave of the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatch

from pyinfra.api import Inventory
from pyinfra.api.exceptions import NoGroupError

from cluster.inventory.errors import did_you_mean
from cluster.problems import Problem


def problems(inventory: Inventory, limit: Iterable[str] | None, exclude: Iterable[str]) -> list[Problem]:
    """Patterns that match no host, and a selection that leaves none; `limit` is None without `--limit`."""
    found = [problem for word in limit or () for problem in _unmatched(inventory, "--limit", word)]
    found += [problem for word in exclude for problem in _unmatched(inventory, "--exclude", word)]
    if found:
        return found
    every = {host.name for host in inventory}
    kept = set(every) if limit is None else {name for word in limit for name in matches(inventory, word)}
    kept -= {name for word in exclude for name in matches(inventory, word)}
    if kept:
        return []
    return [
        Problem(
            "--limit and --exclude" if limit is not None else "--exclude",
            "no host is left",
            "a run that does nothing would look like one that did everything",
            f"leave in one of {', '.join(sorted(every))}",
        )
    ]


def matches(inventory: Inventory, pattern: str) -> set[str]:
    """The hosts that pyinfra takes for the pattern: those of a group, or those whose names fit."""
    try:
        return {host.name for host in inventory.get_group(pattern)}
    except NoGroupError:
        return {host.name for host in inventory if fnmatch(host.name, pattern)}


def _unmatched(inventory: Inventory, option: str, pattern: str) -> Iterator[Problem]:
    if matches(inventory, pattern):
        return
    known = [*(host.name for host in inventory), *inventory.groups]
    yield Problem(
        f"{option} {pattern or repr(pattern)}",
        f"no host and no group has this name{did_you_mean(pattern, known)}",
        "a run without its hosts would look like one that did everything",
        f"write names or groups of the inventory: {', '.join(sorted(known))}",
    )
