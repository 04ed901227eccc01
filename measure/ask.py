"""How verify asks hosts: all at once, with a time limit that follows from the host's speed, and an error is an answer too."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import gevent  # type: ignore[import-untyped]
from pyinfra import inventory
from pyinfra.api.exceptions import PyinfraError

from cluster.observed import machine
from engine import login, remote
from facts.sections import Section, frame, parse_sections
from measure.pace import Greeting
from measure.question import Question, Target, script
from report.measurement import LATE

Answer = TypeVar("Answer")
# Long in bytes each way and cheap in work: if it is lost, so is every large packet, however slow the host is.
GREETING = f": {'0' * 5000}\ndate +%s.%N; cat /proc/loadavg; getconf _NPROCESSORS_ONLN; printf '%05000d\\n' 0"
# A host under load has taken 30 s for its first answer.
GREETING_S = 40


class NotAnswered(Exception):
    """The host did not answer; the text is the reason."""


class Lost(NotAnswered):
    """It has answered a short question quickly, and none of several packets."""


def greet(name: str) -> Greeting:
    """The host's answer to a question of several packets each way; raises NotAnswered, Lost if its path loses large packets."""
    began, at = time.monotonic(), time.time()
    try:
        lines = output(name, GREETING, GREETING_S).splitlines()
    except NotAnswered as failure:
        # The login's question was short, and has had a quarter of the time.
        is_quick = login.answered_in.get(name, GREETING_S) < GREETING_S / 4
        raise (Lost(str(failure)) if is_quick and LATE in str(failure) else failure) from None
    took = time.monotonic() - began
    try:
        offset = round(machine.parse_clock(lines) - (at + took / 2), 3)
    except (ValueError, IndexError):
        raise NotAnswered(f"date printed {' '.join(lines)[:80]!r}") from None
    try:
        return Greeting(took, offset, machine.parse_load(lines[1:]))
    except (ValueError, IndexError):
        return Greeting(took, offset)


def answers(questions: Sequence[Question], target: Target, timeout_s: int, pace: float = 1.0) -> dict[str, Section]:
    """What the host printed for each question, asked in one script as root; raises NotAnswered.

    All time limits are `pace` times as long.
    """
    mark = frame()
    printed = output(target.host.name, script(questions, target, mark, pace), round(timeout_s * pace))
    return parse_sections(printed.splitlines(), mark, [question.name for question in questions])


def output(name: str, script: str, timeout_s: int) -> str:
    """Standard output of `script`; raises NotAnswered after `timeout_s` seconds at the latest."""
    limit = gevent.Timeout(timeout_s + 3)
    try:
        with limit:
            return remote.run(name, "sh -s", stdin=script, timeout_s=timeout_s)
    except gevent.Timeout:
        raise NotAnswered(f"{LATE} {timeout_s} s") from None
    except (remote.RemoteFailure, PyinfraError, OSError, EOFError) as failure:
        if isinstance(failure.__cause__, TimeoutError) or isinstance(failure, TimeoutError):
            raise NotAnswered(f"{LATE} {timeout_s} s") from None
        raise NotAnswered(str(failure) or type(failure).__name__) from None
    except Exception as failure:
        # The SSH library's own errors share no class with the others.
        raise NotAnswered(f"{type(failure).__name__}: {failure}") from None


def together(jobs: Mapping[str, Callable[[], Answer]]) -> dict[str, Answer | NotAnswered]:
    """Every job at the same time; name → what it gave, or why it gave nothing."""
    running = {name: gevent.spawn(contained, job) for name, job in jobs.items()}
    gevent.joinall(list(running.values()))
    return {name: greenlet.value for name, greenlet in running.items()}


def contained(job: Callable[[], Answer]) -> Answer | NotAnswered:
    """What the job gives, or why it gives nothing."""
    try:
        return job()
    except NotAnswered as failure:
        return failure
    except Exception as failure:
        # An answer of one host that nobody has thought of costs the answers of no other.
        return NotAnswered(f"{type(failure).__name__}: {failure}"[:200])


def data(key: str) -> str:
    """The operator's `--data KEY=VALUE`; empty without one."""
    return str((inventory.get_override_data() or {}).get(key, "") or "")
