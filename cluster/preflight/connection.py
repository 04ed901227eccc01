"""Why a host can't be reached by SSH, in four parts. engine/ssh_errors.py finds the kind; the words are here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cluster.problems import Problem

Kind = Literal[
    "name",
    "refused",
    "route",
    "timeout",
    "greeting",
    "slow",
    "closed",
    "login",
    "locked",
    "keyless",
    "unknown",
    "changed",
    "proxy",
    "file",
    "other",
]


@dataclass(frozen=True)
class Way:
    """How a host is reached: its name in the inventory, then address, port and login name, as SSH uses them."""

    name: str
    address: str
    port: int
    user: str

    @property
    def command(self) -> str:
        """The same way for OpenSSH's client."""
        return f"ssh{_port(self.port)} {self.user}@{self.address}"

    @property
    def known_as(self) -> str:
        """The host in known_hosts."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"


@dataclass(frozen=True)
class Failure:
    """A connection that failed; `detail` is the message of the library or of the other side, or the path of the file that `kind` is about."""

    kind: Kind
    detail: str = ""


def problem(way: Way, failure: Failure) -> Problem:
    """The failure in four parts."""
    what, why, fix = _WORDS[failure.kind]
    values = {
        "address": way.address,
        "port": way.port,
        "user": way.user,
        "detail": failure.detail,
        "command": way.command,
        "known_as": way.known_as,
        "flag": _port(way.port),
    }
    return Problem(f"{way.name} SSH", what.format(**values), why.format(**values), fix.format(**values))


def _port(port: int) -> str:
    return "" if port == 22 else f" -p {port}"


# Kind → what, why, fix.
_WORDS: dict[Kind, tuple[str, str, str]] = {
    "name": (
        "the name {address} does not resolve",
        "the name servers of this machine don't know it",
        "correct ssh_hostname, or write the host's address there",
    ),
    "refused": (
        "{address} refuses connections to port {port}",
        "the machine is up, but no SSH server listens on that port",
        "correct ssh_port; or start the server on the machine's console: systemctl start ssh",
    ),
    "route": (
        "there is no route to {address}",
        "the machine is off, or its network can't be reached from this machine",
        "start the machine, or correct ssh_hostname; a jump host goes into ssh_config_file",
    ),
    "timeout": (
        "{address} does not answer on port {port} within the time limit",
        "a security list or packet filter drops the packets, or the machine is off",
        "start the machine, open TCP {port} for this machine in the security list, or correct ssh_hostname and ssh_port",
    ),
    "greeting": (
        "{address} accepts the connection to port {port}, but is no SSH server that answers ({detail})",
        "another program listens on that port, or the machine is overloaded",
        "correct ssh_port; or see on the machine's console who listens: ss -ltnp",
    ),
    "slow": (
        "{address} greets on port {port}, but the login takes longer than the time limit",
        "the machine is overloaded, or sshd waits for a name server",
        "try `{command}`, which shows how long it takes; a longer limit, in seconds, is written in the inventory as "
        "ssh_paramiko_connect_kwargs = dict(banner_timeout=120, auth_timeout=120)",
    ),
    "closed": (
        "{address} closes the connection to port {port} before the login",
        "sshd does so for a blocked address (fail2ban, hosts.deny), or if too many logins are under way; so does another program",
        "correct ssh_port; or see on the machine's console: journalctl -u ssh -n 20; and unblock this machine's address",
    ),
    "login": (
        "the server refuses the login as {user} ({detail})",
        "it has no such user, or the user's authorized_keys has none of the keys of this machine",
        "try `{command}`, then correct ssh_user or ssh_key; or add the key: ssh-copy-id{flag} {user}@{address}",
    ),
    "locked": (
        "the key {detail} has a passphrase, and no SSH agent holds it",
        "nobody is asked for a passphrase during a run",
        "load it into the agent first: eval $(ssh-agent); ssh-add {detail}",
    ),
    "keyless": (
        "this machine has no key to log in with",
        "neither ssh_key nor an SSH agent nor ~/.ssh has one",
        "write ssh_key, or make one: ssh-keygen -t ed25519; then ssh-copy-id{flag} {user}@{address}",
    ),
    "unknown": (
        "its host key is not in {detail}",
        "ssh_strict_host_key_checking asks for known hosts only",
        "compare the key on the machine's console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), "
        "then add it: ssh-keyscan{flag} {address} >> {detail}",
    ),
    "changed": (
        "its host key is another one than in {detail}",
        "the machine was installed again, or another machine answers in its place",
        "if it was installed again: ssh-keygen -R '{known_as}' -f {detail}; if not, find out who answers",
    ),
    "proxy": (
        "the way through its proxy or jump host fails ({detail})",
        "ProxyCommand or ProxyJump in the SSH configuration leads there",
        "try `{command}`, then correct the SSH configuration",
    ),
    "file": (
        "{detail} can't be used",
        "SSH reads it, or keeps host keys there, before it connects",
        "correct the path in the inventory, or make the file: mkdir -p -m 700 ~/.ssh; touch ~/.ssh/known_hosts",
    ),
    "other": (
        "SSH fails: {detail}",
        "nothing is done on a host that can't be reached",
        "try `{command}`, which says more with -v",
    ),
}
