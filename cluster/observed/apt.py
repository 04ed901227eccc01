"""What apt reads on a host: the entries of its lists, and its own answers to a trial."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

# sources.list(5): apt reads no file with another character in its name.
_READ = re.compile(r"/[A-Za-z0-9_.-]+\.(list|sources)$")
_ONE_LINE = re.compile(r"^(deb|deb-src)\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$")
_YES = ("yes", "true", "with", "on", "enable")


@dataclass(frozen=True)
class Entry:
    """One repository that a list names and that is not switched off.

    `line`: where its entry begins; `shared`: how many repositories that entry names; `signed_by`: paths, fingerprints or a key
    as text, empty if none is named; `architectures`: empty for all of the host.
    """

    path: str
    line: int
    kind: str
    uri: str
    suite: str
    components: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    signed_by: str = ""
    trusted: bool = False
    shared: int = 1


@dataclass(frozen=True)
class Lists:
    """apt's lists without the deploy's own. `keyrings`: path → content in base64, of the keyrings that they name; `ours`: the deploy's."""

    entries: tuple[Entry, ...] = ()
    keyrings: Mapping[str, str] = field(default_factory=dict)
    ours: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


@dataclass(frozen=True)
class Trial:
    """What apt would do for the packages that are missing.

    `errors`: of `apt-get update`; `refusals`: of the installation; `removed`: packages that it would remove; `files`: path of a
    program → the package that holds it, empty for none.
    """

    missing: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_lists(lines: Iterable[str]) -> Lists:
    """The answer of facts.apt.Lists: `list PATH` before the lines of a file, each of them after a space; `key PATH BASE64`; `ours PATH`."""
    files: dict[str, list[str]] = {}
    keyrings: dict[str, str] = {}
    ours = []
    path = ""
    for line in lines:
        if line.startswith(" ") or not line:
            files[path].append(line[1:])
            continue
        word, _, rest = line.partition(" ")
        if word == "list":
            path = rest
            files[path] = []
        elif word == "key":
            at, _, content = rest.rpartition(" ")
            keyrings[at] = content
        elif word == "ours":
            ours.append(rest)
    entries = [entry for at, text in files.items() if _READ.search(at) for entry in _entries(at, text)]
    return Lists(tuple(entries), keyrings, tuple(ours))


def parse_trial(lines: Iterable[str]) -> Trial:
    """The answer of facts.apt.Trial: lines of a word (missing, update, apt, remove, holds) and its value."""
    found: dict[str, list[str]] = {"missing": [], "update": [], "apt": [], "remove": [], "holds": []}
    for word, _, rest in (line.partition(" ") for line in lines):
        if word in found and rest:
            found[word].append(rest.strip())
    return Trial(
        missing=tuple(found["missing"]),
        errors=_errors(found["update"]),
        refusals=_errors(found["apt"]),
        removed=tuple(dict.fromkeys(found["remove"])),
        files=dict((*row.split(" ", 1), "")[:2] for row in found["holds"]),  # type: ignore[misc]
    )


def _errors(lines: Sequence[str]) -> tuple[str, ...]:
    # The last lines of apt only repeat that something was wrong.
    repeated = ("The list of sources could not be read.", "Some index files failed to download.")
    texts = [line.removeprefix("E: ").strip() for line in lines]
    return tuple(dict.fromkeys(text for text in texts if text and not text.startswith(repeated)))


def _entries(path: str, lines: Sequence[str]) -> Iterator[Entry]:
    if path.endswith(".sources"):
        for first, fields in _stanzas(lines):
            yield from _of_stanza(path, first, fields)
        return
    for number, line in enumerate(lines, 1):
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match:
            options = dict(option.partition("=")[::2] for option in (match[2] or "").split())
            yield Entry(
                path,
                number,
                match[1],
                match[3],
                match[4],
                tuple(match[5].split()),
                tuple(filter(None, options.get("arch", "").split(","))),
                options.get("signed-by", ""),
                options.get("trusted", "").lower() in _YES,
            )


def _stanzas(lines: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of the first line and the fields of each paragraph (deb822); comments are left out."""
    first, fields, name = 0, dict[str, str](), ""
    for number, line in enumerate([*lines, ""], 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield first, fields
            first, fields, name = 0, {}, ""
        elif line[0] in " \t" and name:
            fields[name] += "\n" + line[1:]
        else:
            name = line.partition(":")[0].strip().lower()
            fields[name] = line.partition(":")[2].strip()
            first = first or number


def _of_stanza(path: str, first: int, fields: Mapping[str, str]) -> Iterator[Entry]:
    if fields.get("enabled", "yes").lower() not in _YES:
        return
    kinds, uris, suites = (fields.get(name, "").split() for name in ("types", "uris", "suites"))
    for kind in kinds:
        for uri in uris:
            for suite in suites:
                yield Entry(
                    path,
                    first,
                    kind,
                    uri,
                    suite,
                    tuple(fields.get("components", "").split()),
                    tuple(fields.get("architectures", "").split()),
                    fields.get("signed-by", ""),
                    fields.get("trusted", "").lower() in _YES,
                    len(kinds) * len(uris) * len(suites),
                )
