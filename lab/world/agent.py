"""Run a command in a virtual machine by its guest agent: `python -m lab.world.agent HOST SOCKET CMD…`, as `lxc-attach` does.

Input is read to its end first; output arrives when the command has ended; the exit code is the command's.
The protocol is that of QEMU's guest agent: one JSON object a line.
"""

from __future__ import annotations

import base64
import fcntl
import json
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from lab.failures import LabError

ANSWER_SECONDS = 120.0  # an emulated machine that has just booted is busy
ATTEMPT_SECONDS = 5.0  # a question to a machine whose agent does not run yet is lost
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
SENTINEL = b"\xff"  # no JSON has this byte
ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")
SIGNAL_BASE = 128


class Connection:
    """One connection to the socket; TimeoutError if the agent does not answer in time."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.buffer = b""

    def send(self, request: dict[str, Any], before: bytes = b"") -> None:
        """Send one question."""
        self.socket.sendall(before + json.dumps(request).encode() + b"\n")

    def read(self, end: bytes, seconds: float) -> bytes:
        """What arrives until `end`, without it."""
        deadline = time.monotonic() + seconds
        while end not in self.buffer:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            if not (more := self.socket.recv(1 << 16)):
                raise ConnectionResetError("QEMU has closed the connection")
            self.buffer += more
        found, _, self.buffer = self.buffer.partition(end)
        return found

    def synchronise(self) -> None:
        """Wait until the agent answers, and discard the answers to earlier questions."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            number = time.monotonic_ns()
            self.send({"execute": "guest-sync-delimited", "arguments": {"id": number}}, SENTINEL)
            try:
                while self.answered_number() != number:
                    pass
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def answered_number(self) -> object:
        """The number in the next answer to a synchronisation."""
        self.read(SENTINEL, ATTEMPT_SECONDS)
        return json.loads(self.read(b"\n", ATTEMPT_SECONDS)).get("return")


class Agent:
    """The guest agent of a machine. QEMU serves one connection at a time, so each question has its own, under a lock."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path

    def call(self, execute: str, **arguments: Any) -> Any:
        """Ask one question; LabError if it is refused or not answered."""
        try:
            with self.path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                connection = Connection(self.path)
                with connection.socket:
                    connection.synchronise()
                    connection.send({"execute": execute, "arguments": arguments})
                    answer = json.loads(connection.read(b"\n", ANSWER_SECONDS))
        except TimeoutError:
            raise self.error("does not answer", f"it was silent for {ANSWER_SECONDS:.0f} s") from None
        except OSError as error:
            raise self.error("can't be reached", f"the machine is off or has ended: {error}") from None
        if "return" not in answer:
            raise self.error(f"refuses {execute}", str(answer.get("error", {}).get("desc", answer)))
        return answer["return"]

    def error(self, what: str, why: str) -> LabError:
        """The error of an agent that is of no use."""
        fix = f"`python -m lab console {self.name}` shows how far it has booted; `python -m lab power on {self.name}` boots it"
        return LabError(f"guest agent of host {self.name}", what, why, fix)

    def start(self, words: Sequence[str], given: bytes) -> int:
        """Start a command with this input; gives its process id in the machine."""
        options = {"input-data": base64.b64encode(given).decode(), "capture-output": True}
        started = self.call("guest-exec", path="/usr/bin/env", arg=["-i", *ENVIRONMENT, *words], **options)
        return int(started["pid"])

    def wait(self, pid: int) -> dict[str, Any]:
        """The status of a command when it has ended."""
        pause = FIRST_PAUSE
        while not (status := self.call("guest-exec-status", pid=pid))["exited"]:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return dict(status)


def run(agent: Agent, words: Sequence[str], given: bytes) -> int:
    """Run a command, and pass on its output; gives its exit code. A signal to this process ends it there, too."""
    pid = agent.start(words, given)

    def end(number: int, frame: FrameType | None) -> None:
        agent.start(["kill", f"-{number}", str(pid)], b"")
        sys.exit(SIGNAL_BASE + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    status = agent.wait(pid)
    for stream, key in ((sys.stdout, "out-data"), (sys.stderr, "err-data")):
        stream.buffer.write(base64.b64decode(status.get(key, "")))
        stream.buffer.flush()
    if status.get("out-truncated") or status.get("err-truncated"):
        raise agent.error("has cut the output", "it keeps 16 MB of a command's output")
    return int(status["exitcode"]) if "exitcode" in status else SIGNAL_BASE + int(status["signal"])


def main(words: Sequence[str]) -> int:
    """The exit code of the command; 1 with a problem on standard error if it can't be run."""
    name, path, *command = words
    given = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    try:
        return run(Agent(name, Path(path)), command, given)
    except LabError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
