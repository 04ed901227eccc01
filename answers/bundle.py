"""Many questions as one script for sh, and what it prints taken apart again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def script(texts: Sequence[str], tag: str) -> str:
    """A script for the standard input of `sh -s`: each text is run as pyinfra would run it by itself, and reads nothing.

    `tag` must be a word that no answer holds. In braces, so that sh has read all of it before it begins: a script that was
    cut off does nothing, and nobody waits for anybody to read.
    """
    lines = ["{"]
    for number, text in enumerate(texts):
        lines += [
            f"printf '{tag} {number} begins\\n'",
            f"sh -c {shlex.quote(text)} </dev/null 2>/dev/null",
            f"printf '\\n{tag} {number} ends %s\\n' $?",
        ]
    return "\n".join([*lines, "}"]) + "\n"


def answers(lines: Sequence[str], count: int, tag: str) -> dict[int, list[str]]:
    """Number of a text → the lines that it printed, for those that ended with 0.

    The others must be asked by themselves: they failed, did not end, or printed the tag.
    """
    marked = [place for place, line in enumerate(lines) if tag in line]
    frames = {(f"{tag} {number} begins", f"{tag} {number} ends 0"): number for number in range(count)}
    found = {}
    for begin, end, after in zip(marked, marked[1:], [*marked[2:], None], strict=False):
        number = frames.get((lines[begin], lines[end]))
        if number is not None and (after is None or lines[after].endswith(" begins")):
            found[number] = _without_the_last_break(lines[begin + 1 : end])
    return found


def _without_the_last_break(said: Sequence[str]) -> list[str]:
    """The closing mark stands on a line of its own, also after an answer that ended its last line."""
    return list(said[:-1] if said and said[-1] == "" else said)
