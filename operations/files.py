"""Whole files, written as one set: one question and at most one execution for all of them."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from pyinfra import host, state
from pyinfra.api import StringCommand, operation
from pyinfra.operations.util.files import generate_color_diff

from cluster.observed.files import FileState
from engine.fail import fail
from facts.files import Content, States


@dataclass(frozen=True)
class File:
    """A text file as it shall be. `content` may be a function where it depends on what earlier operations make.

    A function that returns None says: can't be known yet (in a preview of a host that has nothing); the file then counts as
    to be written. The content of a `secret` file is never shown.
    """

    path: str
    content: str | Callable[[], str | None]
    mode: str = "644"
    owner: str = "root"
    group: str = "root"
    secret: bool = False

    def text(self) -> str | None:
        """The content, or None where it can't be known yet."""
        return self.content if isinstance(self.content, str) else self.content()


@dataclass(frozen=True)
class Owned:
    """Paths that a phase writes, or that the programs it installs write. A reset removes `node` with Kubernetes, `machine` with the tailnet.

    A path may end in a pattern of sh: a folder that can be a file system of its own is emptied and stays.
    """

    node: tuple[str, ...] = ()
    machine: tuple[str, ...] = ()


@operation()
def write(files: Sequence[File], then: str = "") -> Generator[StringCommand, None, None]:
    """
    Write those of the files that differ, each atomically; directories above them are made as needed.

    + files: the files as they shall be
    + then: what sh does after writing, in the same execution, such as `systemctl daemon-reload`
    """
    found = host.get_fact(States, paths=[file.path for file in files])
    if found is None:
        yield fail("the state of files could not be read")
        return
    texts = {file.path: file.text() for file in files}
    stale = [file for file in files if _differs(found[file.path], file, texts[file.path])]
    if not stale:
        host.noop("files are as declared")
        return
    for file in stale:
        _show_difference(file, texts[file.path])
    if state.is_executing and any(texts[file.path] is None for file in stale):
        yield fail(f"the content of {', '.join(file.path for file in stale if texts[file.path] is None)} is not known")
        return
    yield StringCommand("sh -s", _stdin=f"{script(stale, texts)}{then}\n")


@operation()
def remove(paths: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Remove files.

    + paths: those that shall not be there
    """
    found = host.get_fact(States, paths=list(paths))
    if found is None:
        yield fail("the state of files could not be read")
        return
    there = [path for path in paths if found[path] is not None]
    if not there:
        host.noop("nothing to remove")
        return
    yield StringCommand("rm -f --", " ".join(shlex.quote(path) for path in there))


def in_place(path: str, text: str) -> str:
    """A script for sh that writes the file where it stands: its owner and mode stay, and in a container it may be a mount, which can't be replaced."""
    encoded = base64.encodebytes(text.encode()).decode()
    return f"set -e\nnew=$(base64 -d <<'END-OF-FILE'\n{encoded}END-OF-FILE\n)\nprintf '%s\\n' \"$new\" > {shlex.quote(path)}\n"


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
    """A script for sh: contents travel on standard input, so neither argv nor a log holds them."""
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
