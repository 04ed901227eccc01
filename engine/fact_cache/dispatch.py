"""Between pyinfra and the connection to a host: which queries need to be sent, and which go in one batch."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from gevent.event import Event  # type: ignore[import-untyped]
from paramiko.ssh_exception import SSHException
from pyinfra.api import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from engine.fact_cache import batch
from engine.fact_cache.cache import Cache
from engine.fact_cache.history import History
from engine.fact_cache.query import Query, query_of

# Facts limit their own time. If one does not, it must be found by itself and not take the others along.
BATCH_S = 120
Answer = tuple[bool, CommandOutput]
# Sends a command with further arguments, as pyinfra alone would.
Send = Callable[..., Answer]


class Dispatcher:
    """Answers facts from the cache, or sends their queries; hosts are known by their names in the inventory."""

    def __init__(self, history: History, cache: Cache | None = None) -> None:
        self.history = history
        self.cache = cache or Cache()
        self._pending: dict[tuple[str, Query], Event] = {}

    def answer(self, host: str, shared: bool, send: Send, command: str, **arguments: Any) -> Answer:
        """The answer to a fact's command: cached, or fetched now together with the queries that are expected next."""
        query = query_of(command, arguments)
        if query is None:
            return send(command, **arguments)
        self.history.record(host, query, shared)
        self.cache.count_use(host)
        lines = self.cache.lookup(host, query, shared)
        if lines is None and (host, query) in self._pending:
            self._pending[host, query].wait()
            lines = self.cache.lookup(host, query, shared)
        if lines is None:
            lines = self._send_batch(host, query, shared, send, arguments)
        if lines is not None:
            return True, CommandOutput([OutputLine("stdout", line) for line in lines])
        return self._send_alone(host, query, send, command, arguments)

    def _send_alone(self, host: str, query: Query, send: Send, command: str, arguments: dict[str, Any]) -> Answer:
        sent = self.cache.epoch(host)
        with _Pending(self._pending, host, [query]):
            ok, output = send(command, **arguments)
            if ok:
                self.cache.store(host, query, sent, output.stdout_lines)
        self.cache.widen(host)
        return ok, output

    def _send_batch(
        self, host: str, query: Query, shared: bool, send: Send, arguments: dict[str, Any]
    ) -> list[str] | None:
        """The answer's lines out of a batch; None if there is nothing to batch, or the query must be sent alone."""
        queries = self._batch(host, query, shared)
        if len(queries) < 2:
            return None
        tag = secrets.token_hex(16)
        waiting = {number for number, one in enumerate(queries) if self.history.is_shared(host, one)}
        script = batch.script([one.text for one in queries], tag, waiting)
        sent = self.cache.epoch(host)
        with _Pending(self._pending, host, queries):
            try:
                _, output = send(StringCommand("sh -s"), **{**arguments, "_stdin": script, "_timeout": BATCH_S})
            except (OSError, SSHException):
                return None
            found = {
                **batch.answers(output.stdout_lines, len(queries), tag),
                **batch.answers(output.stderr_lines, len(queries), tag),
            }
            for number, lines in found.items():
                self.cache.store(host, queries[number], sent, lines)
        self.cache.widen(host)
        # The first query was sent now: its answer holds for this caller, even if it may not be cached.
        return found.get(0)

    def _batch(self, host: str, query: Query, shared: bool) -> list[Query]:
        """The query, then the queries that followed it in the last run and have no current answer."""
        entries = self.history.of(host)
        place = next((number for number, one in enumerate(entries) if one.query == query), None)
        if place is None:
            return [query]
        following = [
            one.query
            for one in [*entries[place + 1 :], *entries[:place]]
            if one.query.privilege == query.privilege
            and not (one.shared and self.cache.has_changed())
            and (host, one.query) not in self._pending
            and self.cache.lookup(host, one.query, one.shared) is None
        ]
        return [query, *following][: self.cache.batch_limit(host, shared)]


class _Pending:
    """While queries are at a host: who needs the same fact waits for its answer instead of sending the query again."""

    def __init__(self, registry: dict[tuple[str, Query], Event], host: str, queries: list[Query]) -> None:
        self._registry = registry
        self._keys = [(host, query) for query in queries]
        self._event = Event()

    def __enter__(self) -> None:
        self._registry.update(dict.fromkeys(self._keys, self._event))

    def __exit__(self, *_: object) -> None:
        for key in self._keys:
            if self._registry.get(key) is self._event:
                del self._registry[key]
        self._event.set()
