"""The Python files of an inventory: what is wrong with them as files, and with the groups that they define."""

from __future__ import annotations

import ast
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pyinfra_cli.util import exec_file

from cluster.inventory.errors import shortened, show
from cluster.problems import Problem, once
from engine.refusal import Refusal
from local.paths import is_file, short

_WHOLE = "the inventory is read whole before any host is contacted"
_PAIR = 'write ("name", {"lan_address": "…"}); the name of a list of anything else begins with an underscore'


def is_one(source: Any) -> bool:
    """Whether pyinfra's INVENTORY argument means a file, and not hosts by name."""
    return isinstance(source, str) and (is_file(source) or source.endswith(".py"))


def problems(source: Any) -> list[Problem]:
    """What keeps pyinfra from reading the file whole, and hosts that are written twice."""
    path = Path(str(source))
    if not is_file(source):
        return [
            Problem(
                str(source),
                "there is no such file",
                "the deploy needs every host of the cluster, with its site's data",
                "name the inventory file, such as inventory.py",
            )
        ]
    return [*_ignored(path), *_twice(path)]


def read(filename: str, return_locals: bool = False, is_deploy_code: bool = False) -> Any:
    """Run an inventory or group data file as pyinfra does; raises Refusal if it fails, ends Python, or defines hosts that pyinfra loses."""
    try:
        names = exec_file(filename, return_locals, is_deploy_code)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # such as SystemExit
        raise refusal([explained(error, filename)], filename) from None
    is_group_data = Path(filename).parent.name == "group_data"
    found = [] if is_group_data else list(entries(names, Path(filename).name))
    if found:
        raise refusal(found, filename)
    return names


def refusal(found: list[Problem], source: str) -> Refusal:
    """The refusal of the inventory, named by its path from the working directory."""
    return Refusal(once(found), f"the inventory {short(source)}; no host was contacted")


def explained(error: BaseException, source: str) -> Problem:
    """The problem that an exception in an inventory or group data file stands for."""
    cause = getattr(error, "exception", error)
    if isinstance(cause, SyntaxError):
        return Problem(
            f"{short(cause.filename or source)} line {cause.lineno}",
            f"it is no Python: {shortened(str(cause.msg))}",
            "the inventory and its group data are Python files",
            "correct the line",
        )
    if isinstance(cause, SystemExit):
        return _ended(cause, source)
    lines = [frame.lineno for frame in traceback.extract_tb(cause.__traceback__) if frame.filename == source]
    where = f"{short(source)} line {lines[-1]}" if lines else short(source)
    return Problem(
        where,
        f"it raises {shortened(f'{type(cause).__name__}: {_message(cause)}')}",
        _WHOLE,
        "correct the line" if lines else "write each host as a name, or as (name, {…})",
    )


def _ended(error: SystemExit, source: str) -> Problem:
    """The file called `exit()`."""
    folder = Path(source).resolve().parent
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve().is_relative_to(folder)
    ]
    return Problem(
        f"{short(ours[-1].filename)} line {ours[-1].lineno}" if ours else short(source),
        "it ends the program (exit, sys.exit or SystemExit)",
        "a run that did nothing would look like one that did everything",
        "remove the line; raise an exception if the inventory must not be used",
    )


def entries(names: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """What pyinfra would lose of the groups in `names`, what the file defines: groups that it leaves out, and hosts that another replaces."""
    data: dict[str, Any] = {}
    twice: list[str] = []
    for group, value in names.items():
        if group.startswith("_") or not isinstance(value, list | tuple):
            continue
        hosts = value
        if isinstance(value, tuple):
            if len(value) != 2 or not isinstance(value[0], list) or not isinstance(value[1], dict):
                yield _no_group(file, group)
                continue
            hosts = value[0]
        for number, entry in enumerate(hosts, 1):
            name = entry[0] if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], dict) else entry
            wrong = _wrong_name(name, entry)
            if wrong:
                yield Problem(
                    f"{file} {group}", f"entry {number}, {wrong}", "pyinfra would leave out the whole group", _PAIR
                )
            elif isinstance(entry, tuple) and data.setdefault(name, entry[1]) is not entry[1]:
                twice.append(name)
    yield from (_written(file, name, count + 1) for name, count in Counter(twice).items())


def _wrong_name(name: Any, entry: Any) -> str:
    """What is wrong with an entry and its name; empty if nothing is."""
    if not isinstance(name, str):
        is_pair = isinstance(entry, tuple) and name is not entry
        return (
            f"has the name {show(name)}, which is no text"
            if is_pair
            else f"{show(entry)}, is neither a name nor a pair of name and data"
        )
    if not name:
        return "has an empty name"
    return f"{show(name)}, names a connector of pyinfra; hosts here are reached by SSH" if name.startswith("@") else ""


def _no_group(file: str, group: str) -> Problem:
    return Problem(
        f"{file} {group}",
        "it is a tuple, and no pair of a list of hosts and their data",
        "pyinfra takes every tuple for a group",
        f"write a list of hosts; if it is no group, begin its name with an underscore: _{group}",
    )


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception may be anything, its text too
        return ""


def _groups(path: Path) -> dict[str, list[ast.expr]]:
    """The lists that the file assigns, by name; a syntax error is reported when pyinfra reads the file."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return {}
    lists = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)]
    return {
        target.id: node.value.elts
        for node in lists
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.List) and not target.id.startswith("_")
    }


def _ignored(path: Path) -> list[Problem]:
    """pyinfra leaves out a whole group for one entry that is neither a name nor a pair."""
    return [
        Problem(
            f"{path.name} line {entry.lineno}",
            f"an entry of {shortened(name)} is neither a name nor a pair of name and data",
            "pyinfra would leave out the whole group",
            _PAIR,
        )
        for name, group in _groups(path).items()
        for entry in group
        if not _can_be_host(entry)
    ]


def _can_be_host(entry: ast.expr) -> bool:
    if isinstance(entry, ast.Tuple):
        return len(entry.elts) == 2 and not isinstance(entry.elts[1], ast.Constant | ast.List | ast.Tuple | ast.Set)
    return not isinstance(entry, ast.Dict | ast.List | ast.Set) and not (
        isinstance(entry, ast.Constant) and not isinstance(entry.value, str)
    )


def _twice(path: Path) -> list[Problem]:
    """Of two entries with one name pyinfra keeps one, without a word."""
    pairs = [entry.elts for group in _groups(path).values() for entry in group if isinstance(entry, ast.Tuple)]
    names = [pair[0].value for pair in pairs if pair and isinstance(pair[0], ast.Constant)]
    return [_written(path.name, str(name), count) for name, count in Counter(names).items() if count > 1]


def _written(file: str, name: str, count: int) -> Problem:
    return Problem(
        f"{file} {shortened(name)}",
        f"the host is written {count} times",
        "pyinfra keeps the data of one, and a machine would be left out",
        "give each host its own name; more groups take the name alone",
    )
