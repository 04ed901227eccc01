"""What a host prints in place of an answer, and what is said of it."""

from __future__ import annotations

import pytest

from cluster.preflight import login
from cluster.preflight.connection import Way

WAY = Way("den", "203.0.113.4", 2222, "ubuntu")
# Of sudo 1.8 to 1.9, sudo-rs, Oracle's and Amazon's images, and PAM.
CASES = {
    "sudo: a password is required": "sudo asks ubuntu for a password",
    "sudo: a terminal is required to read the password; either use the -S option": "sudo asks ubuntu for a password",
    "sudo-rs: interactive authentication is required": "sudo asks ubuntu for a password",
    "sudo: sorry, you must have a tty to run sudo": "sudo wants a terminal",
    "sudo: no tty present and no askpass program specified": "sudo wants a terminal",
    "ubuntu is not in the sudoers file.  This incident will be reported.": "ubuntu may not use sudo",
    "Sorry, user ubuntu is not allowed to execute '/usr/bin/sh' as root on den.": "ubuntu may not use sudo",
    "Sorry, user ubuntu may not run sudo on den.": "ubuntu may not use sudo",
    "Sorry, try again.\nsudo: 3 incorrect password attempts": "sudo refuses the password of ubuntu",
    "sh: 1: sudo: not found": "the host has no sudo",
    "sh: sudo: command not found": "the host has no sudo",
    'Please login as the user "opc" rather than the user "ubuntu".': "log in as opc",
    "Please login as the user 'ec2-user' rather than the user root.": "log in as ec2-user",
    "Password change required but no TTY available.": "the password of ubuntu has expired",
    "This account is currently not available.": "the login shell of ubuntu lets nobody work",
    "sh: 1: base64: not found": "the host has no base64",
    "Welcome to the menu": "the host printed: Welcome to the menu",
    "": "the host printed: nothing",
}


@pytest.mark.parametrize("printed", CASES)
def test_each_is_named(printed: str) -> None:
    problem = login.problem(WAY, printed.split("\n"))
    assert CASES[printed] in problem.what
    assert problem.where == "den login"
    assert "{" not in f"{problem.what}{problem.why}{problem.fix}"


def test_a_slow_host_is_called_slow() -> None:
    problem = login.slow(WAY, 40)
    assert problem.what == "it gives no answer within 40 s to its first question"
    assert "`ssh -p 2222 ubuntu@203.0.113.4 uptime`" in problem.fix


def test_a_fix_can_be_typed() -> None:
    assert "ubuntu ALL=(ALL) NOPASSWD:ALL" in login.problem(WAY, ["sudo: a password is required"]).fix
    assert "`ssh -p 2222 ubuntu@203.0.113.4 id`" in login.problem(WAY, []).fix
    assert 'or ssh_user = "root"' in login.not_root(WAY, 1000).fix
