"""Many queries as one script for sh, and its output taken apart again."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence


def script(texts: Sequence[str], tag: str, waiting: Collection[int] = ()) -> str:
    """A script for the standard input of `sh -s`: each text is run as pyinfra would run it by itself, and reads nothing.

    Texts whose numbers are in `waiting` spend their time waiting for other hosts: they run beside the rest, one after the other,
    and print to standard error. `tag` must be a word that no answer holds. In braces, so that sh has read all of it before it
    begins: a script that was cut off does nothing, and neither side waits for the other to read.
    """
    here = [_framed(text, number, tag) for number, text in enumerate(texts) if number not in waiting]
    beside = [_framed(text, number, tag) for number, text in enumerate(texts) if number in waiting]
    return "\n".join(["{", "{", *here, ":; } &", "{", *beside, ":; } >&2", "wait", "}"]) + "\n"


def _framed(text: str, number: int, tag: str) -> str:
    return (
        f"printf '{tag} {number} begins\\n'\n"
        f"sh -c {shlex.quote(text)} </dev/null 2>/dev/null\n"
        f"printf '\\n{tag} {number} ends %s\\n' $?"
    )


def answers(lines: Sequence[str], count: int, tag: str) -> dict[int, list[str]]:
    """Number of a text → the lines that it printed, for texts that ended with 0, out of one of the script's two outputs.

    The others must be sent by themselves: they failed, did not end, or printed the tag.
    """
    marked = [place for place, line in enumerate(lines) if tag in line]
    frames = {(f"{tag} {number} begins", f"{tag} {number} ends 0"): number for number in range(count)}
    found = {}
    for begin, end, after in zip(marked, marked[1:], [*marked[2:], None], strict=False):
        number = frames.get((lines[begin], lines[end]))
        if number is not None and (after is None or lines[after].endswith(" begins")):
            found[number] = _without_the_last_break(lines[begin + 1 : end])
    return found


def _without_the_last_break(lines: Sequence[str]) -> list[str]:
    """The closing mark stands on a line of its own, also after an answer that ended its last line."""
    return list(lines[:-1] if lines and lines[-1] == "" else lines)
