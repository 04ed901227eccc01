"""A host's resolv.conf, and that of systemd-resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

PLAIN, RESOLVED = "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"


@dataclass(frozen=True)
class ResolvConf:
    """What a file of resolv.conf(5) has; of several search lines the last one counts."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resolvers:
    """`files`: path → content of each existing file. `own`: the host's addresses. `answered`: own addresses on which a program answers DNS,
    `*` for all. `wildcards`: search domains in which every name resolves."""

    files: dict[str, ResolvConf] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_resolvers(lines: Sequence[str]) -> Resolvers:
    """From `file PATH`, the lines of that file behind `|`, `own ADDRESS`, `port LOCAL:53` and `wildcard DOMAIN`; ValueError without `end`."""
    if not lines or lines[-1] != "end":
        raise ValueError("the answer was cut off")
    files: dict[str, list[str]] = {}
    values: dict[str, list[str]] = {"own": [], "port": [], "wildcard": []}
    path = ""
    for line in lines[:-1]:
        key, _, value = line.partition(" ")
        if line.startswith("|"):
            files[path].append(line[1:])
        elif key == "file":
            path = value
            files[path] = []
        elif key in values and value:
            values[key].append(value)
    return Resolvers(
        files={path: _parse_file(content) for path, content in files.items()},
        own=tuple(sorted({address.split("/")[0] for address in values["own"]})),
        answered=tuple(sorted({_local(port) for port in values["port"]})),
        wildcards=tuple(sorted(set(values["wildcard"]))),
    )


def _parse_file(lines: Sequence[str]) -> ResolvConf:
    servers: list[str] = []
    search: tuple[str, ...] = ()
    for line in lines:
        words = line.split()
        # glibc takes a keyword at the begin of the line only, and reads no further than a comment.
        if len(words) < 2 or not line.startswith(("nameserver", "search", "domain")):
            continue
        if words[0] == "nameserver":
            servers.append(words[1])
        elif words[0] in ("search", "domain"):
            search = tuple(words[1:2] if words[0] == "domain" else words[1:])
    return ResolvConf(tuple(servers), search)


def _local(port: str) -> str:
    """The address of a listener as `ss` prints it, such as `127.0.0.53%lo:53`, `*:53` or `[::]:53`."""
    address = port.rpartition(":")[0].strip("[]").split("%")[0]
    return "*" if address in ("*", "0.0.0.0", "::") else address  # noqa: S104
