"""How verify asks hosts: all at once, with a hard time limit, and an error is an answer too."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import gevent  # type: ignore[import-untyped]
from pyinfra import inventory
from pyinfra.api.exceptions import PyinfraError

from cluster.observed import machine
from engine import remote
from facts.sections import Section, parse_sections
from measure.question import Question, Target, script

Answer = TypeVar("Answer")
CLOCK = "date +%s.%N"


class NotAnswered(Exception):
    """The host did not answer; the text is the reason."""


def answers(questions: Sequence[Question], target: Target, timeout_s: int) -> dict[str, Section]:
    """What the host printed for each question, asked in one script as root; raises NotAnswered."""
    printed = output(target.host.name, script(questions, target), timeout_s)
    return parse_sections(printed.splitlines())


def output(name: str, script: str, timeout_s: int) -> str:
    """Standard output of `script`; raises NotAnswered after `timeout_s` seconds at the latest."""
    limit = gevent.Timeout(timeout_s + 3)
    try:
        with limit:
            return remote.run(name, "sh -s", stdin=script, timeout_s=timeout_s)
    except gevent.Timeout:
        raise NotAnswered(f"no answer within {timeout_s} s") from None
    except (remote.RemoteFailure, PyinfraError, OSError, EOFError) as failure:
        if isinstance(failure.__cause__, TimeoutError) or isinstance(failure, TimeoutError):
            raise NotAnswered(f"no answer within {timeout_s} s") from None
        raise NotAnswered(str(failure) or type(failure).__name__) from None
    except Exception as failure:
        # The SSH library's own errors share no class with the others.
        raise NotAnswered(f"{type(failure).__name__}: {failure}") from None


def clock_offset(name: str) -> float:
    """Seconds by which the host's clock is ahead of this machine's; raises NotAnswered."""
    began = time.time()
    answered = output(name, CLOCK, 8)
    try:
        return round(machine.parse_clock(answered.splitlines()) - (began + time.time()) / 2, 3)
    except (ValueError, IndexError):
        raise NotAnswered(f"date printed {answered[:80]!r}") from None


def together(jobs: Mapping[str, Callable[[], Answer]]) -> dict[str, Answer | NotAnswered]:
    """Every job at the same time; name → what it gave, or why it gave nothing."""
    running = {name: gevent.spawn(_contained, job) for name, job in jobs.items()}
    gevent.joinall(list(running.values()))
    return {name: greenlet.value for name, greenlet in running.items()}


def _contained(job: Callable[[], Answer]) -> Answer | NotAnswered:
    try:
        return job()
    except NotAnswered as failure:
        return failure


def data(key: str) -> str:
    """The operator's `--data KEY=VALUE`; empty without one."""
    return str((inventory.get_override_data() or {}).get(key, "") or "")
