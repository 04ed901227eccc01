"""Whole files, written as one set: one fact and at most one command for all of them."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.operations.util.files import generate_color_diff

from cluster.file_text import as_bytes
from cluster.observed.files import FileState
from engine.fail import fail
from facts.files import Content, States


@dataclass(frozen=True)
class File:
    """The wanted state of a text file. `content` may be a function if it depends on the results of earlier operations.

    If that function returns None, the content is not known yet (in a preview of a new host), and the file counts as a change.
    The content of a `secret` file is never printed.
    """

    path: str
    content: str | Callable[[], str | None]
    mode: str = "644"
    owner: str = "root"
    group: str = "root"
    secret: bool = False

    def text(self) -> str | None:
        """The content; None if it is not known yet."""
        return self.content if isinstance(self.content, str) else self.content()


@dataclass(frozen=True)
class Owned:
    """Paths that a phase writes, or that the programs it installs write. A reset removes `node` with Kubernetes, `machine` with the tailnet.

    A path may end in a pattern of sh: a folder that may be a mount point is emptied and stays.
    """

    node: tuple[str, ...] = ()
    machine: tuple[str, ...] = ()


@operation()
def write(files: Sequence[File], then: str = "") -> Generator[StringCommand, None, None]:
    """
    Write the files that differ, each atomically; missing parent directories are made.

    + files: the wanted files
    + then: commands of sh that follow in the same execution, such as `systemctl daemon-reload`
    """
    found = host.get_fact(States, paths=[file.path for file in files])
    if found is None:
        yield fail("the state of files could not be read")
        return
    texts = {file.path: file.text() for file in files}
    stale = [file for file in files if _differs(found[file.path], file, texts[file.path])]
    if not stale:
        host.noop("the files are as declared")
        return
    for file in stale:
        _show_difference(file, texts[file.path])
    if state.is_executing and any(texts[file.path] is None for file in stale):
        unknown = [file.path for file in stale if texts[file.path] is None]
        yield fail(f"the content of {', '.join(unknown)} is not known: a value that it needs could not be read")
        return
    yield StringCommand("sh -s", _stdin=f"{script(stale, texts)}{then}\n")


@operation()
def remove(paths: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Remove files.

    + paths: their paths
    """
    found = host.get_fact(States, paths=list(paths))
    if found is None:
        yield fail("the state of files could not be read")
        return
    existing = [path for path in paths if found[path] is not None]
    if not existing:
        host.noop("the files do not exist")
        return
    yield StringCommand("rm -f --", " ".join(shlex.quote(path) for path in existing))


def replaced(path: str, before: str, after: str) -> str:
    """A script for sh that replaces a file which others write too: by the whole new text, or not at all.

    The new file gets the mode, the owner and all else of the old one before it takes its name. If the file has changed since `before`
    was read, nothing is written. In a container the file may be a mount point, which can't take another file's place: it is written
    as it stands then, and gets its old text back if that fails. Texts are as `facts.files.Whole` gives them.
    """
    encoded = base64.encodebytes(as_bytes(after)).decode()
    return (
        f'set -e\np=$(readlink -f {shlex.quote(path)})\ntest -e "$p" || (umask 022; : > "$p")\n'
        f"{_is_unchanged(path, before)}"
        'new=$(mktemp "$p.isthmus-XXXXXX")\ntrap \'rm -f "$new" "$new.old"\' EXIT\ncp -p -- "$p" "$new"\n'
        f'base64 -d > "$new" <<\'END-OF-FILE\'\n{encoded}END-OF-FILE\nsync "$new"\n'
        f"{_is_unchanged(path, before)}"
        'mv -f -- "$new" "$p" 2>/dev/null || { cp -p -- "$p" "$new.old"; cat "$new" > "$p" || { cat "$new.old" > "$p"; exit 1; }; }\n'
    )


def _is_unchanged(path: str, before: str) -> str:
    known = hashlib.sha256(as_bytes(before)).hexdigest()
    message = f"{path} was changed by another program in this moment; run the same again"
    return f'test "$(sha256sum < "$p" | cut -c 1-64)" = {known} || {{ echo {shlex.quote(message)} >&2; exit 1; }}\n'


def _differs(found: FileState | None, file: File, text: str | None) -> bool:
    if found is None or text is None:
        return True
    wanted = (hashlib.sha256(text.encode()).hexdigest(), file.mode, file.owner, file.group)
    return (found.sha256, found.mode, found.owner, found.group) != wanted


def _show_difference(file: File, text: str | None) -> None:
    if not state.config.DIFF or file.secret or text is None:
        return
    host.log(f"Will write {file.path}")
    before = [f"{line}\n" for line in host.get_fact(Content, path=file.path) or []]
    for line in generate_color_diff(before, text.splitlines(keepends=True)):
        host.log(f"  {line}")


def script(files: Sequence[File], texts: Mapping[str, str | None]) -> str:
    """A script for sh that writes the files. Contents are part of the script, which goes to standard input: they are in no argument and no log."""
    lines = ["set -e", "umask 077"]
    for file in files:
        path, new = shlex.quote(file.path), shlex.quote(f"{file.path}.isthmus-new")
        encoded = base64.encodebytes((texts[file.path] or "").encode()).decode()
        lines += [
            f'(umask 022; mkdir -p -- "$(dirname -- {path})")',
            f"base64 -d > {new} <<'END-OF-FILE'",
            f"{encoded}END-OF-FILE",
            f"chown {shlex.quote(file.owner)}:{shlex.quote(file.group)} {new}",
            f"chmod {file.mode} {new}",
            f"mv -f -- {new} {path}",
        ]
    return "\n".join(lines) + "\n"
