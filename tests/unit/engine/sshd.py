"""Real SSH servers in a network of their own, and an inventory whose hosts they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.places import PROJECT

SERVER = shutil.which("sshd", path=f"{os.environ.get('PATH')}:/usr/sbin") or "/usr/sbin/sshd"
PYINFRA = Path(sys.executable).with_name("pyinfra")
# Here nothing answers, and there is no way there.
SILENT, UNREACHABLE = "192.0.2.40", "192.0.2.41"
GROUP = 'site = "cloud"\nlan = "10.1.0.0/24"\nnat = "one_to_one"\n'
ALL = 'coordination_name = "mesh.example.org"\nacme_email = "ops@example.org"\n'


class Network:
    """A network namespace with servers, and a home folder for who connects to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"sshd-{os.getpid()}"
        self.home = folder / "home"
        (self.home / ".ssh").mkdir(parents=True, mode=0o700)
        self.running: list[subprocess.Popen[bytes]] = []
        self.key = self.new_key("key")
        run("ip", "netns", "add", self.name)
        for words in (
            "link set lo up",
            "link add away type veth peer name gone",
            "address add 192.0.2.1/24 dev away",
            "link set away up",
            "link set gone up",
            f"neighbour add {SILENT} lladdr 02:00:00:00:00:40 dev away",
            f"route add unreachable {UNREACHABLE}/32",
        ):
            run("ip", "-n", self.name, *words.split())

    def new_key(self, name: str, passphrase: str = "") -> Path:
        """A key pair; its public half is beside it."""
        path = self.folder / name
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path))
        return path

    def listen(self, port: int, **options: str) -> None:
        """Start a server that lets root in by `self.key`."""
        at = self.folder / f"sshd-{port}"
        at.mkdir()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(at / "host"))
        settings = {
            "ListenAddress": f"127.0.0.1:{port}",
            "HostKey": str(at / "host"),
            "AuthorizedKeysFile": f"{self.key}.pub",
            "PermitRootLogin": "yes",
            "StrictModes": "no",
            "UsePAM": "no",
            "PidFile": "none",
            "Subsystem": "sftp /usr/lib/openssh/sftp-server",
            **options,
        }
        (at / "config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        Path("/run/sshd").mkdir(exist_ok=True)
        self.start(SERVER, "-D", "-e", "-f", str(at / "config"), port=port)

    def start(self, *command: str, port: int) -> None:
        """Start a program in the network, and wait until it listens."""
        log = (self.folder / f"log-{port}").open("wb")
        self.running.append(subprocess.Popen([*self.inside, *command], stdout=log, stderr=log))
        deadline = time.monotonic() + 20
        while f":{port} " not in run(*self.inside, "ss", "-Hltn"):
            assert time.monotonic() < deadline, (self.folder / f"log-{port}").read_text()

    @property
    def inside(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def inventory(self, hosts: Mapping[str, Mapping[str, Any]]) -> Path:
        """An inventory of these hosts; the first one has all roles that a cluster needs."""
        at = self.folder / "inventory"
        (at / "group_data").mkdir(parents=True, exist_ok=True)
        rows = []
        for number, (name, data) in enumerate(hosts.items()):
            own = {"lan_address": f"10.1.0.{number + 2}", "public_address": f"203.0.113.{number + 2}", **data}
            own |= {"roles": ("coordinator", "control_plane")} if number == 0 else {}
            rows.append(f"    ({name!r}, {own!r}),\n")
        (at / "inventory.py").write_text(f"cloud = [\n{''.join(rows)}]\n")
        (at / "group_data" / "all.py").write_text(ALL)
        (at / "group_data" / "cloud.py").write_text(GROUP)
        return at / "inventory.py"

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """pyinfra in the network; nobody answers its prompts, and there is no SSH agent."""
        return subprocess.Popen(
            [*self.inside, PYINFRA, *words],
            cwd=PROJECT,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pyinfra(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same, to its end."""
        running = self.begin(*words)
        output, errors = running.communicate(timeout=120)
        return subprocess.CompletedProcess(running.args, running.returncode, output, errors)

    def close(self) -> None:
        for one in self.running:
            one.kill()
            one.wait()
        run("ip", "netns", "delete", self.name)


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A network for one test."""
    assert Path(SERVER).exists(), "these tests need an SSH server: apt-get install openssh-server"
    made = Network(tmp_path)
    try:
        yield made
    finally:
        made.close()
