"""The answers that may still be believed."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.fact_cache.query import Question

# Others change a host too, and whoever reads a preview takes time.
LIFETIME_S = 60.0


@dataclass
class Commands:
    """Those of a host, or of all hosts: how many run now, and how many have ended."""

    running: int = 0
    ended: int = 0

    def now(self) -> int | None:
        """The count of those that have ended; None while one runs: what is answered meanwhile may be from before or after it."""
        return None if self.running else self.ended


@dataclass(frozen=True)
class Moment:
    """When a question was sent: by the commands of its host, by those of all hosts, and by this machine's clock."""

    here: int | None
    anywhere: int | None
    at: float


@dataclass
class _Host:
    commands: Commands = field(default_factory=Commands)
    answers: dict[Question, tuple[Moment, list[str]]] = field(default_factory=dict)
    reach: int | None = None
    used: int = 0
    usual: int = 1


class Kept:
    """The answers of all hosts in this process. A shared question is one whose answer a command on any host may change."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = defaultdict(_Host)
        self._anywhere = Commands()

    @contextmanager
    def command(self, host: str) -> Iterator[None]:
        """While a command runs on the host. Nothing that was sent before its end is believed after it.

        A command that was left by an exception has not ended: it may go on at the host. From then on nothing is kept.
        """
        known = self._hosts[host]
        counts = (known.commands, self._anywhere)
        for count in counts:
            count.running += 1
        known.answers.clear()
        yield
        for count in counts:
            count.running -= 1
            count.ended += 1
        known.usual = known.used or known.usual
        known.used, known.reach = 0, known.usual

    def moment(self, host: str) -> Moment:
        """Now; to be taken before a question is sent."""
        return Moment(self._hosts[host].commands.now(), self._anywhere.now(), self._clock())

    def keep(self, host: str, question: Question, asked: Moment, lines: list[str]) -> None:
        """An answer that has come, to a question sent at `asked`; not where a command of the host ran since then."""
        if asked.here is not None and asked.here == self._hosts[host].commands.now():
            self._hosts[host].answers[question] = (asked, lines)

    def answer(self, host: str, question: Question, shared: bool) -> list[str] | None:
        """The lines of an answer that may still be believed."""
        known = self._hosts[host]
        if question not in known.answers:
            return None
        asked, lines = known.answers[question]
        is_current = self._clock() - asked.at <= LIFETIME_S
        if shared:
            is_current = is_current and asked.anywhere is not None and asked.anywhere == self._anywhere.now()
        return lines if is_current else None

    def use(self, host: str) -> None:
        """An operation asks a question, whether its answer is kept or not."""
        self._hosts[host].used += 1

    def reach(self, host: str, shared: bool) -> int | None:
        """How many questions may be asked at once now; None = all that are to come.

        After a command, as many as were of use between the commands before it, then twice as many, and so on: where every operation
        changes something, a whole bundle after each would be work for nothing.
        A shared one goes by itself after the first command anywhere: what a command sets going takes its time to be seen.
        """
        known = self._hosts[host]
        if known.commands.running or (shared and self.has_changed()):
            return 1
        return known.reach

    def has_changed(self) -> bool:
        """Whether a command runs, or has run, on some host."""
        return bool(self._anywhere.running or self._anywhere.ended)

    def asked(self, host: str) -> None:
        """The host was asked: the next time it may be more at once."""
        known = self._hosts[host]
        known.reach = known.reach and known.reach * 2
