"""The Python files of an inventory: what is wrong with them as files."""

from __future__ import annotations

import ast
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from cluster.model import Certificate, Cluster
from cluster.problems import Problem


def is_one(source: Any) -> bool:
    """Whether pyinfra's INVENTORY argument means a file, and not hosts by name."""
    return isinstance(source, str) and (Path(source).is_file() or source.endswith(".py"))


def problems(source: Any) -> list[Problem]:
    """What keeps pyinfra from reading the file whole, and hosts that are written twice."""
    path = Path(str(source))
    if not path.is_file():
        return [
            Problem(
                str(source),
                "there is no such file",
                "the deploy needs every host of the cluster, with its site's data",
                "name the inventory file, such as inventory.py",
            )
        ]
    return [*_ignored(path), *_twice(path)]


def explained(error: BaseException, source: str) -> Problem:
    """The problem that an exception in an inventory or group data file stands for."""
    cause = getattr(error, "exception", error)
    if isinstance(cause, SystemExit):
        return _ended(cause, source)
    if isinstance(cause, SyntaxError):
        where = f"{_short(cause.filename or source)} line {cause.lineno}"
        return Problem(
            where,
            f"it is no Python: {cause.msg}",
            "the inventory and its group data are Python files",
            "correct the line",
        )
    place = getattr(error, "filename", source)
    lines = [frame.lineno for frame in traceback.extract_tb(cause.__traceback__) if frame.filename == place]
    where = f"{_short(place)} line {lines[-1]}" if lines else _short(place)
    return Problem(
        where,
        f"it raises {type(cause).__name__}: {' '.join(str(cause).split())}",
        "the inventory is read whole before any host is contacted",
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
    where = f"{_short(ours[-1].filename)} line {ours[-1].lineno}" if ours else _short(source)
    return Problem(
        where,
        "it ends the program (exit, sys.exit or SystemExit)",
        "a run that did nothing would look like one that did everything",
        "remove the line; raise an exception if the inventory must not be used",
    )


def absent_certificates(cluster: Cluster) -> list[Problem]:
    """Certificate files of the model that do not exist."""
    files = cluster.certificate
    if not isinstance(files, Certificate):
        return []
    return [
        Problem(
            f"group_data/all.py certificate.{key}",
            f"{_short(path)} is not a file",
            "nginx on the gateway gets it from the operator's machine",
            "put it there, or correct the path, which begins at the inventory's folder",
        )
        for key, path in (("certificate", files.certificate), ("key", files.key))
        if not Path(path).is_file()
    ]


def _groups(path: Path) -> dict[str, list[ast.expr]]:
    """The lists that the file assigns, by name; a syntax error is reported when pyinfra reads the file."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError):
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
            f"an entry of {name} is neither a name nor a pair of name and data",
            "pyinfra would leave out the whole group",
            'write ("name", {"lan_address": "…"})',
        )
        for name, entries in _groups(path).items()
        for entry in entries
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
    pairs = [entry.elts for entries in _groups(path).values() for entry in entries if isinstance(entry, ast.Tuple)]
    names = [str(pair[0].value) for pair in pairs if pair and isinstance(pair[0], ast.Constant)]
    return [
        Problem(
            f"{path.name} {name}",
            f"the host is written {count} times",
            "pyinfra keeps the data of one, and a machine would be left out",
            "give each host its own name; more groups take the name alone",
        )
        for name, count in Counter(names).items()
        if count > 1
    ]


def _short(path: str) -> str:
    """The path from the working directory."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
