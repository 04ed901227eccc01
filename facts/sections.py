"""Many questions in one script, each with its own time limit, and what it prints taken apart again."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

# Each question has a section of its own, so that one that hangs or fails costs no other answer. Its head has a random word,
# which no answer can have.
_HEAD = r"""
say() {
  printf '%s\n' "$3" > "$w/$1.asked"
  { { timeout "$2" sh -c "$3" 2>&1; echo "$?" > "$w/$1.code"; } | head -c "$4" > "$w/$1"; } < /dev/null &
}
show() {
  for at do echo; echo "@@$mark $at"; cat "$w/$at.asked"; echo "@>$mark"; cat "$w/$at"; echo; echo "@?$mark $(cat "$w/$at.code")"; done
}
w=$(mktemp -d) || exit 1
trap 'rm -rf "$w"' EXIT
"""
# Of one answer, in bytes, unless a question asks for more. Every line is an object in the memory of the machine that asks.
LIMIT = 1_000_000
TOO_LONG = 124  # the exit code of `timeout`


@dataclass(frozen=True)
class Section:
    """One question's command, the lines that it printed and its exit code (124 = it took too long)."""

    command: str
    output: tuple[str, ...]
    code: int

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def frame() -> str:
    """A random word for the heads of one script's sections."""
    return secrets.token_hex(8)


def script(questions: Mapping[str, tuple[str, int]], mark: str, longest: Mapping[str, int] | None = None) -> str:
    """A shell script that asks all at once; name → command and the seconds that it may take. `mark`: of `frame`.

    `longest`: name → bytes of its answer that are kept, if it is not LIMIT.
    """
    sizes = longest or {}
    asked = [
        f"say {name} {limit} {shlex.quote(command)} {sizes.get(name, LIMIT)}"
        for name, (command, limit) in questions.items()
    ]
    # `mark` is no variable of the environment: no command sees it.
    shown = f"mark={mark}; show {' '.join(questions)}"
    return "\n".join([_HEAD, *asked, "wait", shown, ""])


def parse_sections(lines: Sequence[str], mark: str, names: Collection[str]) -> dict[str, Section]:
    """What `script` printed for the questions in `names`; a section that was cut off counts as having taken too long."""
    begins, answers, ends = f"@@{mark} ", f"@>{mark}", f"@?{mark} "
    found: dict[str, Section] = {}
    name, command, output = "", "", None
    for line in lines:
        if line.startswith(begins):
            name, command, output = line.removeprefix(begins), "", None
        elif name not in names:
            continue
        elif line == answers:
            output = list[str]()
            found[name] = Section(command.strip(), (), TOO_LONG)
        elif line.startswith(ends):
            found[name] = Section(command.strip(), _trimmed(output or []), _code(line.removeprefix(ends)))
            name = ""
        elif output is None:
            command += f"{line}\n"
        else:
            output.append(line)
    if name in found:
        found[name] = Section(command.strip(), tuple(output or ()), TOO_LONG)
    return found


def _code(text: str) -> int:
    """TOO_LONG for a command that was ended before it could report its exit code."""
    return int(text) if text.isdecimal() else TOO_LONG


def _trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    """Without the line end that `show` adds."""
    return tuple(lines[:-1] if lines and not lines[-1] else lines)
