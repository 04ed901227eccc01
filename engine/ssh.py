"""SSH sessions as real hosts need them: what a login prints, its shell, odd bytes and a limit of sessions spoil no answer.

It stands in for one method of paramiko's client, and for pyinfra's connection for files.
"""

from __future__ import annotations

import base64
import re
import secrets
import shlex
from collections.abc import Iterator
from typing import IO, Any

import gevent  # type: ignore[import-untyped]
from paramiko.ssh_exception import ChannelException, SSHException

# How long a session that the server refuses is asked for again: with nothing of ours on the connection, and beside other commands.
ALONE_S = 60.0
BESIDE_OTHERS_S = 1800.0
PAUSE_S = 0.25
# Of one output of a command, in bytes: it is held in memory, each line as an object. The longest is a backup of etcd.
LONGEST = 512_000_000
LINE_COSTS = 100
# How pyinfra's connector recognises a host that asks for a password; it would prompt in the middle of a run.
_PROMPTS = ("sudo: a password is required", "sudo-rs: interactive authentication is required")
# How pyinfra's connector gives a password to sudo or su (its make_unix_command).
_PASSWORD = re.compile(r"^env (?=SUDO_ASKPASS=|PYINFRA_SU_PASSWORD=)")
# Any login shell starts this, be it sh, fish or csh. sh reads the command as one line of its standard input, byte by byte, so that
# it is in no argument, and the rest of the input is the command's own.
_START = 'exec sh -c \'export LC_ALL=C.UTF-8; IFS= read -r c; echo {mark}; echo {mark} >&2; eval "$(echo "$c" | base64 -d)"\''


class Unanswered(SSHException):
    """The command was not run: the login printed something else, which is in `printed`."""

    def __init__(self, printed: list[str]) -> None:
        self.printed = printed
        super().__init__(" ".join(printed)[:200] or "the login runs no command")


class TooMuch(SSHException):
    """The command printed more than any command of ours does."""


class LineDied(SSHException):
    """The connection ended while a command ran."""


def shorten_answers(longest: int) -> None:
    """For a run that reads no files: no answer may have more bytes."""
    globals()["LONGEST"] = longest


class Framed:
    """Runs commands on a connection so that the output of the login is kept apart from the command's."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._opened: list[Any] = []

    def run(self, command: str, get_pty: bool = False, **_: Any) -> tuple[Any, Any, Any]:
        """As paramiko's `exec_command`: standard input, output and error."""
        channel = self._session()
        if get_pty:
            channel.get_pty()
            channel.exec_command(command)
            return (
                channel.makefile_stdin("wb"),
                Lines(channel, channel.makefile("rb"), None),
                Lines(channel, channel.makefile_stderr("rb"), None),
            )
        mark = secrets.token_hex(8)
        channel.exec_command(_START.format(mark=mark))
        given = channel.makefile_stdin("wb")
        try:
            given.write(base64.b64encode(_without_env(command).encode()) + b"\n")
            given.flush()
        except OSError:
            # The other side has ended already: what it printed says why.
            pass
        output = Lines(channel, channel.makefile("rb"), mark)
        return given, output, Lines(channel, channel.makefile_stderr("rb"), mark, output)

    def _session(self) -> Any:
        """A session, which a server may allow one of (MaxSessions 1), and counts until its processes are gone.

        While commands of ours run on the connection it is waited for longer; raises SSHException.
        """
        alone, waited = 0.0, 0.0
        while max(alone / ALONE_S, waited / BESIDE_OTHERS_S) <= 1:
            try:
                channel = self._transport.open_session()
            except ChannelException:
                self._forget_ended()
                alone, waited = (alone if self._opened else alone + PAUSE_S), waited + PAUSE_S
                gevent.sleep(PAUSE_S)
            else:
                self._forget_ended()
                self._opened.append(channel)
                return channel
        raise SSHException("the server allows no further session (MaxSessions in its sshd_config)")

    def _forget_ended(self) -> None:
        self._opened = [one for one in self._opened if not one.closed]


class Lines:
    """The lines that a command printed, of one of its two outputs, without what stood before the mark.

    A byte that is no UTF-8 becomes a replacement character; it ends nothing.
    """

    def __init__(self, channel: Any, file: Any, mark: str | None, beside: Lines | None = None) -> None:
        self._channel, self._file, self._mark = channel, file, mark
        self._began = mark is None
        self.noise: list[str] = beside.noise if beside else []
        # Of both outputs, for the one that is asked for the exit code.
        self.too_long: list[str] = beside.too_long if beside else []
        self.channel = self

    def __iter__(self) -> Iterator[str]:
        for line in self._bounded():
            text = line.decode("utf-8", "replace")
            if self._began:
                yield f"{text.rstrip()} (nobody is asked during a run)\n" if text.strip() in _PROMPTS else text
            elif self._mark and text.rstrip("\r\n").endswith(self._mark):
                self._began = True
            else:
                self.noise.append(text.rstrip("\r\n"))

    def _bounded(self) -> Iterator[bytes]:
        """The lines until LONGEST bytes were read, or the time of the command is over: then the session is ended."""
        left = LONGEST
        try:
            while line := self._file.readline(left + 1):
                left -= len(line) + LINE_COSTS
                if left < 0:
                    self.too_long.append(f"it printed more than {LONGEST // 1_000_000} MB")
                    self._channel.close()
                    return
                yield line
        except gevent.GreenletExit:
            self._channel.close()
            raise

    def rest(self) -> Iterator[bytes]:
        """What follows the mark, byte for byte."""
        while not self._began and (line := self._file.readline()):
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self._began = bool(self._mark) and text.endswith(self._mark)
            if not self._began:
                self.noise.append(text)
        while part := self._file.read(65536):
            yield part

    def recv_exit_status(self) -> int:
        """The exit code; raises Unanswered if the command never began, LineDied if the connection ended, TooMuch."""
        status: int = self._channel.recv_exit_status()
        if self.too_long:
            raise TooMuch(self.too_long[0])
        if not self._began:
            raise Unanswered([line for line in self.noise if line])
        if status == -1 and not self._channel.get_transport().is_active():
            raise LineDied("the connection ended while a command ran")
        return status


class Transfer:
    """Sends and fetches single files, each by a command of its own."""

    def __init__(self, framed: Framed) -> None:
        self._framed = framed

    def putfo(self, source: IO[Any], remote_filename: str) -> None:
        """Write a file of the login user; raises OSError."""
        given, output, errors = self._framed.run(f"cat > {shlex.quote(remote_filename)}")
        while part := source.read(65536):
            given.write(part.encode() if isinstance(part, str) else part)
        given.close()
        self._end(output, errors)

    def getfo(self, remote_filename: str, target: IO[Any]) -> None:
        """Read a file as the login user; raises OSError."""
        given, output, errors = self._framed.run(f"cat {shlex.quote(remote_filename)}")
        given.close()
        for part in output.rest():
            target.write(part)
        self._end(output, errors)

    def _end(self, output: Lines, errors: Lines) -> None:
        for _ in output:
            pass
        reason = " ".join(line.strip() for line in errors)
        if output.recv_exit_status() != 0:
            raise OSError(reason or "the file could not be copied")


def _without_env(command: str) -> str:
    """sh sets a password's variable by itself; as an argument of `env`, any user of the host could see it."""
    return _PASSWORD.sub("", command)
