"""Why a login is of no use although SSH let it in, in four parts: what came in place of the answer to the first question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster.preflight.connection import Way
from cluster.problems import Problem

SHOWN = 100
_OTHER_USER = re.compile(r"login as the user \W?(?P<user>[A-Za-z_][\w.-]*)", re.I)
# What is printed → what is wrong, why it matters, and the fix. The first one that fits counts.
_RULES: tuple[tuple[str, str, str, str], ...] = (
    (
        r"sudo.*(must have a tty|no tty present)|requiretty",
        "sudo wants a terminal (requiretty in its configuration)",
        "commands run without a terminal, so that no output is mixed or changed",
        "on the host: echo 'Defaults:{user} !requiretty' | sudo tee /etc/sudoers.d/isthmus",
    ),
    (
        r"sorry, try again|incorrect password|no password was provided|authentication failed|too many authentication",
        "sudo refuses the password of {user}",
        "packages, services and kernel settings need root",
        "correct _sudo_password, or the answer to _use_sudo_password",
    ),
    (
        r"sudo.*(password is required|terminal is required|authentication is required)",
        "sudo asks {user} for a password",
        "packages, services and kernel settings need root, and nobody is asked in the middle of a run",
        "on the host: echo '{user} ALL=(ALL) NOPASSWD:ALL' | sudo tee /etc/sudoers.d/isthmus; "
        "or write _use_sudo_password = True, which asks once before the run",
    ),
    (
        r"not in the sudoers|may not run sudo|not allowed to (run sudo|execute)",
        "{user} may not use sudo",
        "packages, services and kernel settings need root",
        "as root on the host: echo '{user} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/isthmus; or write another ssh_user",
    ),
    (
        r"\bsudo: .*not found|\bsudo: no such file|unknown command:? sudo|sudo: command not found",
        "the host has no sudo",
        "the login user is not root",
        'as root on the host: apt-get install sudo; or write ssh_user = "root" without _sudo',
    ),
    (
        r"password change required|password has expired|required to change your password",
        "the password of {user} has expired",
        "the host lets nobody work before it is changed",
        "log in once by `{command}` and change it",
    ),
    (
        r"account is currently not available|nologin",
        "the login shell of {user} lets nobody work",
        "each command is started by the login shell",
        "as root on the host: usermod -s /bin/bash {user}; or write another ssh_user",
    ),
    (
        r"base64: .*not found|base64: no such file",
        "the host has no base64",
        "commands and files are sent in that form",
        "on the host: apt-get install coreutils",
    ),
)


def problem(way: Way, printed: Sequence[str]) -> Problem:
    """The problem of a login, from all that was printed in place of an answer."""
    lines = [line.strip() for line in printed if line.strip()]
    text = "\n".join(lines)
    other = _OTHER_USER.search(text)
    if other:
        return Problem(
            f"{way.name} login",
            f"the image lets {way.user} in for a message only: log in as {other['user']}",
            "its owner has closed this login for commands",
            f'write ssh_user = "{other["user"]}"' + ("" if other["user"] == "root" else " and _sudo = True"),
        )
    for pattern, what, why, fix in _RULES:
        if re.search(pattern, text, re.I):
            known = {"user": way.user, "command": way.command}
            return Problem(f"{way.name} login", what.format(**known), why, fix.format(**known))
    shown = lines[-1][:SHOWN] if lines else "nothing"
    return Problem(
        f"{way.name} login",
        f"no command runs there as root; the host printed: {shown}",
        "the login shell or a forced command (sshd's ForceCommand, authorized_keys) answers in its place",
        f"see what `{way.command} id` prints",
    )


def slow(way: Way, seconds: int) -> Problem:
    """The login is let in, and its first command does not answer in `seconds`."""
    return Problem(
        f"{way.name} login",
        f"it gives no answer within {seconds} s to its first question",
        "its programs wait for processor, memory or disk, or a login file waits (/etc/profile, ~/.bashrc, /etc/ssh/sshrc)",
        f"see what takes so long: `{way.command} uptime`; then run it again",
    )


def not_root(way: Way, uid: int) -> Problem:
    """Commands run as another user."""
    return Problem(
        f"{way.name} login",
        f"commands run as the user with number {uid}, not as root",
        "packages, services and kernel settings need root",
        'write _sudo = True without _sudo_user, or ssh_user = "root"',
    )


def locked_sudo(way: Way) -> Problem:
    """`_use_sudo_password` without anybody to ask."""
    return Problem(
        f"{way.name} login",
        "_use_sudo_password is written, and there is no terminal to ask at",
        "the password is asked for once, before the first connection",
        'run it in a terminal, or write _sudo_password (for example from the environment: os.environ["SUDO_PASSWORD"])',
    )
