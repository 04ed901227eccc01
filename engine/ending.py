"""How a run ends: the first words are about the operator's file or host, and the exit code is 0 only if all was done."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from types import FrameType
from typing import NoReturn

from pyinfra.context import ctx_state

INTERRUPTED = 130  # as a shell has it for SIGINT
AT_MOST_S = 20  # a run that can't end by itself is ended by the signal
WORDS = (
    "\nInterrupted: the run has ended before it was complete. A command that has begun on a host may still end there; "
    "run the same again, which goes on from there.\n"
)
# pyinfra puts the place in our code that raised the error before its text.
_PLACE = re.compile(r"^--> (?:\x1b\[[\d;]*m)*[\w ]*\berror(?: in .+? line \d+)?(?:\x1b\[[\d;]*m)*: ", re.S)
_FAILED = re.compile(r"^(Over \d+% of hosts failed.*|No hosts remaining!)$")
FAILED = "A host failed, so that the run has ended: its error is above. When that is mended, run the same again, which goes on from there"


def own_words(text: str) -> str:
    """pyinfra's last message without the place in the code."""
    without = _PLACE.sub("", text)
    return f"--> {FAILED if _FAILED.match(without) else without}" if without != text else text


class OwnWords(logging.Filter):
    """Changes pyinfra's messages by `own_words`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        if isinstance(record.msg, str) and record.msg.startswith("--> "):
            record.msg = own_words(record.msg)
        return True


def interrupted(_: int, __: FrameType | None) -> NoReturn:
    """End an interrupted run with an exit code that is not 0; a second interrupt ends it at once."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    # The signal may have come while a message was being printed: a stream must not be entered twice.
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, WORDS.encode())
    # pyinfra disconnects in the same pool of greenlets, which would wait for the commands that run in it.
    if ctx_state.isset() and ctx_state.get().initialised:
        ctx_state.get().pool.kill(block=False)
    signal.alarm(AT_MOST_S)
    sys.exit(INTERRUPTED)


def end_in_own_words(logger: logging.Logger) -> None:
    """Let this process end so."""
    logger.addFilter(OwnWords())
    # The SSH library prints a traceback for a connection that fails, unless somebody takes its messages (--debug-all does).
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    signal.signal(signal.SIGINT, interrupted)
