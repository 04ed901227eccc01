"""Between pyinfra and the connection to a host: which questions need to be sent, and which go together."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from gevent.event import Event  # type: ignore[import-untyped]
from paramiko.ssh_exception import SSHException
from pyinfra.api import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from engine.fact_cache import batch
from engine.fact_cache.cache import Kept
from engine.fact_cache.history import Remembered
from engine.fact_cache.query import Question, question_of

# Facts limit their own time. If one does not, it must be found by itself and not take the others along.
BUNDLE_S = 120
Answer = tuple[bool, CommandOutput]
# Sends a command with further arguments, as pyinfra alone would.
Send = Callable[..., Answer]


class Asking:
    """The layer for one process; hosts are known by their names in the inventory."""

    def __init__(self, remembered: Remembered, kept: Kept | None = None) -> None:
        self.remembered = remembered
        self.kept = kept or Kept()
        self._under_way: dict[tuple[str, Question], Event] = {}

    def ask(self, host: str, shared: bool, send: Send, command: str | StringCommand, **arguments: Any) -> Answer:
        """The answer to a fact's command: one that is kept, or asked now together with what will be asked next."""
        question = question_of(command, arguments)
        if question is None:
            return send(command, **arguments)
        self.remembered.note(host, question, shared)
        self.kept.use(host)
        lines = self._kept(host, question, shared)
        if lines is None and (host, question) in self._under_way:
            self._under_way[host, question].wait()
            lines = self._kept(host, question, shared)
        if lines is None:
            lines = self._asked_ahead(host, question, shared, send, arguments)
        if lines is not None:
            return True, CommandOutput([OutputLine("stdout", line) for line in lines])
        return self._asked_alone(host, question, send, command, arguments)

    def _kept(self, host: str, question: Question, shared: bool) -> list[str] | None:
        return self.kept.answer(host, question, shared)

    def _asked_alone(
        self, host: str, question: Question, send: Send, command: str | StringCommand, arguments: dict[str, Any]
    ) -> Answer:
        began = self.kept.moment(host)
        with _UnderWay(self._under_way, host, [question]):
            ok, output = send(command, **arguments)
            if ok:
                self.kept.keep(host, question, began, output.stdout_lines)
        self.kept.asked(host)
        return ok, output

    def _asked_ahead(
        self, host: str, question: Question, shared: bool, send: Send, arguments: dict[str, Any]
    ) -> list[str] | None:
        """The answer's lines out of a bundle; None where there is nothing to bundle, or the question must be asked alone."""
        together = self._together(host, question, shared)
        if len(together) < 2:
            return None
        tag = secrets.token_hex(16)
        waiting = {number for number, one in enumerate(together) if self.remembered.is_shared(host, one)}
        script = batch.script([one.text for one in together], tag, waiting)
        began = self.kept.moment(host)
        with _UnderWay(self._under_way, host, together):
            try:
                _, output = send(StringCommand("sh -s"), **{**arguments, "_stdin": script, "_timeout": BUNDLE_S})
            except (OSError, SSHException):
                return None
            found = {
                **batch.answers(output.stdout_lines, len(together), tag),
                **batch.answers(output.stderr_lines, len(together), tag),
            }
            for number, lines in found.items():
                self.kept.keep(host, together[number], began, lines)
        self.kept.asked(host)
        # It stands first, and was asked now: its answer holds for whoever asks, even if it may not be kept.
        return found.get(0)

    def _together(self, host: str, question: Question, shared: bool) -> list[Question]:
        """The question, then those that followed it last time and have no answer now."""
        listed = self.remembered.of(host)
        place = next((number for number, one in enumerate(listed) if one.question == question), None)
        if place is None:
            return [question]
        following = [
            one.question
            for one in [*listed[place + 1 :], *listed[:place]]
            if one.question.privilege == question.privilege
            and not (one.shared and self.kept.has_changed())
            and (host, one.question) not in self._under_way
            and self._kept(host, one.question, one.shared) is None
        ]
        reach = self.kept.reach(host, shared)
        return [question, *following][:reach]


class _UnderWay:
    """While questions are at a host: whoever asks one of them waits for its answer instead of sending it again."""

    def __init__(self, registry: dict[tuple[str, Question], Event], host: str, questions: list[Question]) -> None:
        self._registry = registry
        self._keys = [(host, question) for question in questions]
        self._event = Event()

    def __enter__(self) -> None:
        self._registry.update(dict.fromkeys(self._keys, self._event))

    def __exit__(self, *_: object) -> None:
        for key in self._keys:
            if self._registry.get(key) is self._event:
                del self._registry[key]
        self._event.set()
