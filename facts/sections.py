"""Many questions in one script, each with its own time limit, and what it prints taken apart again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

# Each question has a section of its own, so that one that hangs or fails costs no other answer.
_HEAD = r"""
say() {
  { echo "@@ $1"; printf '%s\n' "$3"; echo "@>"; timeout "$2" sh -c "$3" 2>&1; printf '\n@? %s\n' "$?"; } > "$w/$1" < /dev/null &
}
w=$(mktemp -d) || exit 1
trap 'rm -rf "$w"' EXIT
"""


@dataclass(frozen=True)
class Section:
    """One question's command, the lines that it printed and its exit code (124 = it took too long)."""

    command: str
    output: tuple[str, ...]
    code: int

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def script(questions: Mapping[str, tuple[str, int]]) -> str:
    """A shell script that asks all at once; name → command and the seconds that it may take."""
    asked = [f"say {name} {limit} {shlex.quote(command)}" for name, (command, limit) in questions.items()]
    return "\n".join([_HEAD, *asked, "wait", 'cat "$w"/*', ""])


def parse_sections(lines: Sequence[str]) -> dict[str, Section]:
    """What `script` printed; a section that was cut off counts as having taken too long."""
    found: dict[str, Section] = {}
    name, is_command = "", False
    for line in lines:
        section = found.get(name)
        if line.startswith("@@ "):
            name, is_command = line[3:].strip(), True
            found[name] = Section("", (), 124)
        elif section is None:
            continue
        elif is_command and line == "@>":
            is_command = False
        elif line.startswith("@? "):
            found[name] = Section(section.command.strip(), _trimmed(section.output), int(line[3:]))
            name = ""
        elif is_command:
            found[name] = Section(f"{section.command}{line}\n", (), 124)
        else:
            found[name] = Section(section.command, (*section.output, line), 124)
    return found


def _trimmed(lines: tuple[str, ...]) -> tuple[str, ...]:
    return lines[:-1] if lines and not lines[-1] else lines
