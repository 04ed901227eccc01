"""The answers that are still current."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.fact_cache.query import Query

# Others change a host too, and whoever reads a preview takes time.
LIFETIME_S = 60.0


@dataclass
class Commands:
    """Commands on a host, or on all hosts: how many run now, and how many have ended."""

    running: int = 0
    ended: int = 0

    def epoch(self) -> int | None:
        """The count of ended commands; None while one runs: an answer that comes meanwhile may be from before or after it."""
        return None if self.running else self.ended


@dataclass(frozen=True)
class Epoch:
    """When a query was sent: by the commands of its host, by those of all hosts, and by this machine's clock in seconds."""

    host: int | None
    anywhere: int | None
    clock: float


@dataclass
class _Host:
    commands: Commands = field(default_factory=Commands)
    answers: dict[Query, tuple[Epoch, list[str]]] = field(default_factory=dict)
    batch_limit: int | None = None
    used: int = 0
    usual: int = 1


class Cache:
    """The answers of all hosts in this process. The answer to a shared query may change by a command on any host."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = defaultdict(_Host)
        self._anywhere = Commands()

    @contextmanager
    def command(self, host: str) -> Iterator[None]:
        """While a command runs on the host. No answer to a query that was sent before its end is current after it.

        A command that was left by an exception has not ended: it may go on at the host. From then on nothing is cached.
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
        known.used, known.batch_limit = 0, known.usual

    def epoch(self, host: str) -> Epoch:
        """Now; to be taken before a query is sent."""
        return Epoch(self._hosts[host].commands.epoch(), self._anywhere.epoch(), self._clock())

    def store(self, host: str, query: Query, sent: Epoch, lines: list[str]) -> None:
        """Cache an answer to a query sent at `sent`, unless a command of the host ran since then."""
        if sent.host is not None and sent.host == self._hosts[host].commands.epoch():
            self._hosts[host].answers[query] = (sent, lines)

    def lookup(self, host: str, query: Query, shared: bool) -> list[str] | None:
        """The lines of a current answer; None if there is none."""
        known = self._hosts[host]
        if query not in known.answers:
            return None
        sent, lines = known.answers[query]
        is_current = self._clock() - sent.clock <= LIFETIME_S
        if shared:
            is_current = is_current and sent.anywhere is not None and sent.anywhere == self._anywhere.epoch()
        return lines if is_current else None

    def count_use(self, host: str) -> None:
        """Count a fact that is needed, cached or not."""
        self._hosts[host].used += 1

    def batch_limit(self, host: str, shared: bool) -> int | None:
        """How many queries may go in one batch now; None = all that are expected.

        After a command, as many as were of use between the commands before it, then twice as many, and so on: if every operation
        changes something, a whole batch after each would be work for nothing.
        A shared query goes by itself after the first command anywhere: what a command sets going takes its time to be seen.
        """
        known = self._hosts[host]
        if known.commands.running or (shared and self.has_changed()):
            return 1
        return known.batch_limit

    def has_changed(self) -> bool:
        """Whether a command runs, or has run, on some host."""
        return bool(self._anywhere.running or self._anywhere.ended)

    def widen(self, host: str) -> None:
        """Double the batch limit: a batch was sent, and no command since."""
        known = self._hosts[host]
        known.batch_limit = known.batch_limit and known.batch_limit * 2
