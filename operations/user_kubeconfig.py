"""A kubeconfig for a person, kept on the operator's machine; its private key never leaves it."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Generator
from pathlib import Path

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation

from cluster.documents import user_certificate
from cluster.model import Cluster
from engine import remote
from engine.fail import fail
from engine.wait import poll_script
from facts.files import Content
from facts.kubernetes import KUBECTL
from operations.kubeconfig import write_private

AUTHORITY = "/etc/kubernetes/pki/ca.crt"
SIGN_WAIT_S = 30


def target(user: str) -> Path:
    """Path of the person's kubeconfig, below the operator's working directory."""
    return Path("build") / f"kubeconfig-{user}"


@operation()
def write(cluster: Cluster, person: user_certificate.Person) -> Generator[StringCommand, None, None]:
    """
    Write build/kubeconfig-USER, with which a person has access to the cluster in one role for some hours; readable by its owner only.

    + cluster: the declared cluster
    + person: user name, role and hours
    """
    lines = host.get_fact(Content, path=AUTHORITY)
    if not lines:
        yield fail(f"{AUTHORITY} could not be read")
        return
    authority, file = "".join(f"{line}\n" for line in lines), target(person.user)
    now = datetime.datetime.now(datetime.UTC)
    if _is_private(file) and user_certificate.is_current(file.read_text(), cluster, person, authority, now):
        host.noop(f"{file} is valid")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        key = user_certificate.new_key()
        certificate = _signed(person, user_certificate.request(person, key))
        write_private(file, user_certificate.render(cluster, person, key, certificate, authority))
    except (remote.RemoteFailure, ValueError, OSError) as problem:
        yield fail(f"{file} could not be written on the operator's machine: {problem}")
        return
    yield StringCommand("true")
    logger.info(f"--> {file} gives {person.user} access as {person.role} for {person.hours} h")


def _is_private(file: Path) -> bool:
    return file.is_file() and file.stat().st_mode & 0o777 == 0o600


def _signed(person: user_certificate.Person, pem: str) -> str:
    """The certificate (PEM) that the cluster signs for the request (PEM); the request's object is deleted in every outcome."""
    name = f"isthmus-{secrets.token_hex(6)}"
    manifest = user_certificate.signing_request(name, person, pem)
    signed = poll_script(
        f"{KUBECTL} get csr {name} -o jsonpath='{{.status.certificate}}'",
        seconds=SIGN_WAIT_S,
        accept='test -n "$state"',
        otherwise="the controller manager does not sign the certificate",
    )
    script = f"""\
set -e
trap '{KUBECTL} delete csr {name} --ignore-not-found >/dev/null' EXIT
{KUBECTL} create -f - >/dev/null <<'END-OF-OBJECT'
{manifest}END-OF-OBJECT
{KUBECTL} certificate approve {name} >/dev/null
{signed}
echo "$state" | base64 -d
"""
    return remote.run(host.name, "sh -s", stdin=script)
