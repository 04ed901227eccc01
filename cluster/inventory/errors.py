"""Pydantic's errors in the words of the inventory: where, what, why, fix."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cluster.inventory.describe import key_of
from cluster.problems import Problem, printable

SHOWN, LONGEST_WORD = 60, 1000
# As much of a value as SHOWN characters can hold; the whole of it may have no end.
_BOUNDED = reprlib.Repr()
_BOUNDED.maxstring = _BOUNDED.maxother = LONGEST_WORD
_BOUNDED.maxlist = _BOUNDED.maxtuple = _BOUNDED.maxset = _BOUNDED.maxdict = 20
_BOUNDED.maxlevel = 3
# So many wrong entries of one value are shown.
MOST = 5
_OPTION = re.compile(r"'([^']*)'")


def show(value: object) -> str:
    """The value as it is written in Python, in one line, shortened to SHOWN characters."""
    try:
        is_container = isinstance(value, str | list | tuple | dict | set | bytes)
        text = _BOUNDED.repr(value) if is_container else str(value)
    except Exception:  # a value may be anything, its repr too
        text = type(value).__name__
    return shortened(text)


def shortened(text: str) -> str:
    """The text in one line of at most SHOWN characters, none of them a control character."""
    line = printable(" ".join(text[:LONGEST_WORD].split()))
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`; did you mean X?` if a known word is similar, else empty."""
    text = word if isinstance(word, str) else show(word)
    close = get_close_matches(text, list(known), n=1, cutoff=0.7) if len(text) <= SHOWN else []
    return f"; did you mean {close[0]}?" if close else ""


def problems(error: ValidationError, key: str, owner: str) -> Iterator[Problem]:
    """Each thing that is wrong with the value of `key`, once. `owner` and a path make up the place, such as `limb.roles[0]`."""
    details: dict[str, ErrorDetails] = {}
    for detail in error.errors(include_url=False):
        details.setdefault(_path(key, detail), detail)
        if len(details) == MOST:
            break
    for path, detail in details.items():
        # A union complains about the whole and about a part: the part is what helps.
        if not any(other != path and other.startswith(f"{path}.") for other in details):
            yield _problem(path, detail, owner)


def wrong_value(owner: str, path: str, what: str) -> Problem:
    """`what` is wrong with the value at that path."""
    expected = key_of(path)
    return Problem(f"{owner}{path}", what, expected.why, f"write {expected.expects}, such as {expected.example}")


def missing(owner: str, path: str) -> Problem:
    """A key without default is not there."""
    return wrong_value(owner, path, "it is missing")


def _path(key: str, detail: ErrorDetails) -> str:
    path = key
    for part in detail["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not _is_tag(part):
            path += f".{shortened(part)}"
    return path


def _is_tag(part: str) -> bool:
    """Pydantic's own names for the branches of a union and for the keys of a mapping."""
    return "[" in part or part in ("Certificate", "constrained-str", "str")


def _problem(path: str, detail: ErrorDetails, owner: str) -> Problem:
    kind, value = detail["type"], detail["input"]
    if key_of(path).is_secret:
        return wrong_value(owner, path, f"a value of type {type(value).__name__} is not {key_of(path).expects}")
    parent, _, last = path.rpartition(".")
    if kind == "missing":
        return missing(owner, path)
    if kind == "extra_forbidden":
        return _unknown_part(owner, parent, last)
    if kind == "value_error":
        return wrong_value(owner, path, f"{show(value)} {_reason(detail.get('ctx', {}))}")
    if kind == "literal_error":
        options = _OPTION.findall(str(detail.get("ctx", {}).get("expected", "")))
        return wrong_value(owner, path, f"{show(value)} is not known{did_you_mean(value, options)}")
    return wrong_value(owner, path, f"{show(value)} is not {key_of(path).expects}")


def _reason(context: Mapping[str, Any]) -> str:
    return str(context.get("error", "can't be read"))


def _unknown_part(owner: str, parent: str, last: str) -> Problem:
    expected = key_of(parent)
    known = re.findall(r"\w+", expected.expects)
    return Problem(
        f"{owner}{parent}",
        f"{show(last)} is not known there{did_you_mean(last, known)}",
        "a key that is not read would have no effect",
        f"write {expected.expects}, such as {expected.example}",
    )
