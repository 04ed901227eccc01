"""Sessions on real SSH servers whose logins are as people have them: noise, other shells, one session at a time, sudo that asks."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from paramiko.ssh_exception import ChannelException, SSHException
from pyinfra.connectors.util import make_unix_command_for_host

from engine import ssh
from tests.unit.engine.sshd import Network, network

__all__ = ["network"]
LATIN = b"one\n# caf\xe9 and more\nit's $HOME `id` !5 \\n\nlast\n"
READ = ["one", "# caf\ufffd and more", "it's $HOME `id` !5 \\n", "last"]


def shell(name: str) -> str:
    """Makes `name` the login shell."""
    found = shutil.which(name)
    assert found, f"these tests need {name}: apt-get install {name}"
    return f'exec {found} -c "$SSH_ORIGINAL_COMMAND"'


def path_with(folder: Path, number: int, name: str, text: str) -> str:
    """sshd's setting for a PATH in which a program of ours stands first."""
    at = folder / f"bin-{number}"
    at.mkdir()
    (at / name).write_text(f"#!/bin/sh\n{text}\n")
    (at / name).chmod(0o755)
    return f"PATH={at}:/usr/sbin:/usr/bin:/sbin:/bin"


def noise(folder: Path, number: int, text: str) -> dict[str, str]:
    """A login that runs `text` before every command, as a .bashrc does."""
    (folder / f"noise-{number}").write_text(text)
    return {"SetEnv": f"BASH_ENV={folder / f'noise-{number}'}", "ForceCommand": shell("bash")}


def hosts(network: Network, names: list[str], **data: Any) -> dict[str, dict[str, Any]]:
    given = {"ssh_hostname": "127.0.0.1", "ssh_key": str(network.key), **data}
    return {name: {**given, "ssh_port": 2201 + number} for number, name in enumerate(names)}


def test_any_login_gives_the_same_answer(network: Network) -> None:
    logins: dict[str, dict[str, str]] = {
        "plain": {},
        "welcome": noise(network.folder, 1, "echo Welcome; echo load 0.12 >&2"),
        "unended": noise(network.folder, 2, "printf 'no line end'; printf 'none' >&2"),
        "latin": noise(network.folder, 3, "printf 'caf\\351\\n'"),
        "fish": {"ForceCommand": shell("fish")},
        "tcsh": {"ForceCommand": shell("tcsh")},
        "dash": {"ForceCommand": shell("dash")},
        "single": {"MaxSessions": "1"},
        "transferless": {"Subsystem": "sftp /bin/false"},
    }
    for number, options in enumerate(logins.values()):
        network.listen(2201 + number, **options)
    (network.folder / "it's").write_bytes(LATIN)
    inventory = network.inventory(hosts(network, list(logins)))
    done = network.pyinfra(str(inventory), "fact", "facts.files.Content", f"path={network.folder}/it's", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (answers,) = json.loads(done.stdout).values()
    assert answers == dict.fromkeys(logins, READ)


def test_files_need_no_sftp_and_no_second_session(network: Network) -> None:
    network.listen(2201, MaxSessions="1", Subsystem="sftp /bin/false", **noise(network.folder, 1, "echo Welcome"))
    sent, arrived = network.folder / "sent", network.folder / "it's there"
    sent.write_bytes(bytes(range(256)) * 8000)
    inventory = str(network.inventory(hosts(network, ["den"])))
    done = network.pyinfra(inventory, "-y", "files.put", f"src={sent}", f"dest={arrived}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert arrived.read_bytes() == sent.read_bytes()
    done = network.pyinfra(inventory, "-y", "files.get", f"src={arrived}", f"dest={network.folder / 'back'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (network.folder / "back").read_bytes() == sent.read_bytes()


SUDO = {
    "asks": ("sudo: a password is required", "sudo asks root for a password"),
    "asks-too": ("sudo-rs: interactive authentication is required", "sudo asks root for a password"),
    "tty": ("sudo: sorry, you must have a tty to run sudo", "sudo wants a terminal"),
    "nobody": ("root is not in the sudoers file.", "root may not use sudo"),
}


def test_logins_that_are_of_no_use_are_problems(network: Network) -> None:
    for number, (printed, _) in enumerate(SUDO.values()):
        at = path_with(network.folder, number, "sudo", f"echo '{printed}' >&2; exit 1")
        network.listen(2201 + number, SetEnv=at)
    network.listen(
        2205, ForceCommand='echo \'Please login as the user "ubuntu" rather than the user "root".\'; exit 142'
    )
    network.listen(2206, ForceCommand="echo 'This account is currently not available.'; exit 1")
    wanted = {name: what for name, (_, what) in SUDO.items()} | {
        "image": "the image lets root in for a message only: log in as ubuntu",
        "shell": "the login shell of root lets nobody work",
    }
    done = network.pyinfra(str(network.inventory(hosts(network, list(wanted), _sudo=True))), "deploy.py", "--dry")
    printed = done.stdout + done.stderr
    assert done.returncode == 1, printed
    assert "Traceback" not in printed
    assert "sudo password:" not in printed
    assert f"{len(wanted)} problems in the hosts; nothing was changed" in printed
    for name, what in wanted.items():
        assert f"{name} login\n      what  {what}" in printed


def test_the_password_of_sudo_needs_somebody_to_ask(network: Network) -> None:
    network.listen(2201)
    done = network.pyinfra(
        str(network.inventory(hosts(network, ["den"], _sudo=True, _use_sudo_password=True))), "deploy.py", "--dry"
    )
    assert done.returncode == 1, done.stderr
    assert "there is no terminal to ask at" in done.stderr
    assert "Traceback" not in done.stderr


class Channel:
    """Stands for a session of paramiko."""

    def __init__(self, output: bytes, status: int = 0, is_active: bool = True) -> None:
        self.output, self.status, self.is_active = output, status, is_active
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def recv_exit_status(self) -> int:
        return self.status

    def get_transport(self) -> Any:
        return SimpleNamespace(is_active=lambda: self.is_active)


def lines(output: bytes, status: int = 0, is_active: bool = True, mark: str | None = "mark") -> ssh.Lines:
    return ssh.Lines(Channel(output, status, is_active), io.BytesIO(output), mark)


def test_what_stands_before_the_mark_is_noise() -> None:
    read = lines(b"hello\nmark\nanswer\n\xff\n")
    assert list(read) == ["answer\n", "\ufffd\n"]
    assert (read.noise, read.recv_exit_status()) == (["hello"], 0)
    assert list(lines(b"one\n", mark=None)) == ["one\n"]


def test_without_the_mark_nothing_is_an_answer() -> None:
    read = lines(b"This account is closed.\n", status=0)
    assert list(read) == []
    with pytest.raises(ssh.Unanswered, match="This account is closed"):
        read.recv_exit_status()


def test_a_connection_that_ends_is_no_exit_code() -> None:
    read = lines(b"mark\nhalf", status=-1, is_active=False)
    assert list(read) == ["half"]
    with pytest.raises(ssh.LineDied):
        read.recv_exit_status()


@pytest.mark.parametrize("output", [b"mark\n" + b"x" * 2000, b"mark\n" + b"x\n" * 1000])
def test_an_answer_without_end_is_ended(monkeypatch: pytest.MonkeyPatch, output: bytes) -> None:
    monkeypatch.setattr(ssh, "LONGEST", 1500)
    channel = Channel(output, status=-1)
    read = ssh.Lines(channel, io.BytesIO(output), "mark")
    assert sum(len(line) for line in read) <= 1500
    assert channel.is_closed
    with pytest.raises(ssh.TooMuch):
        read.recv_exit_status()


def test_an_error_output_without_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "LONGEST", 1000)
    output = lines(b"mark\n")
    errors = ssh.Lines(Channel(b""), io.BytesIO(b"mark\n" + b"x" * 2000), "mark", output)
    assert (list(output), list(errors)) == ([], [])
    with pytest.raises(ssh.TooMuch):
        output.recv_exit_status()


def test_pyinfra_is_not_made_to_ask_for_a_password() -> None:
    (line,) = lines(b"mark\nsudo: a password is required\n")
    assert line.strip() not in ("sudo: a password is required", "sudo-rs: interactive authentication is required")


def test_a_password_is_in_no_argument() -> None:
    host = SimpleNamespace(connector_data={"sudo_askpass_path__/tmp": "/tmp/ask"}, get_temp_dir_config=lambda: "/tmp")
    made = make_unix_command_for_host(None, host, "id", _sudo=True, _sudo_password="secret word").get_raw_value()
    assert made.startswith("env SUDO_ASKPASS=/tmp/ask PYINFRA_SUDO_PASSWORD='secret word' sudo")
    assert ssh._without_env(made).startswith("SUDO_ASKPASS=/tmp/ask PYINFRA_SUDO_PASSWORD='secret word' sudo")
    assert ssh._without_env("env A=1 id") == "env A=1 id"


class Single:
    """A server that allows one session; `first` ends after that many refusals."""

    def __init__(self, refusals: int) -> None:
        self.first, self.refusals = SimpleNamespace(closed=False), refusals
        self.opened: list[Any] = []

    def open_session(self) -> Any:
        if not self.opened:
            self.opened.append(self.first)
            return self.first
        if self.refusals:
            self.refusals -= 1
            raise ChannelException(1, "Administratively prohibited")
        self.first.closed = True
        return SimpleNamespace(closed=False)


def test_a_session_is_waited_for_while_another_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "PAUSE_S", 0.001)
    monkeypatch.setattr(ssh, "ALONE_S", 0.002)
    framed = ssh.Framed(Single(refusals=20))
    assert framed._session() is not framed._session()
    framed = ssh.Framed(single := Single(refusals=20))
    framed._session()
    single.first.closed = True
    with pytest.raises(SSHException, match="MaxSessions"):
        framed._session()
