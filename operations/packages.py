"""A single .deb file of its publisher, installed with its dependencies from the distribution."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.sources import Download
from facts.dpkg import Package, Packages
from operations.apt import APT_GET, FOLDER
from operations.downloads import NoChecksum, expected_sha256, fetch
from operations.failing import fail


@operation()
def downloaded(package: str, version: str, download: Download, ca: str | None) -> Generator[StringCommand, None, None]:
    """
    Install a package from a single file of its publisher. One that is installed stays as it is, of whatever version.

    + package: its name
    + version: the version that is declared
    + download: where the file is
    + ca: PEM file that this machine trusts in addition when it reads the publisher's list of hashes
    """
    found = host.get_fact(Packages, names=[package])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    if _is_there(package, version, found[package]):
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        digest = expected_sha256(download, ca)
    except NoChecksum as reason:
        yield fail(f"{package} can't be proved: {reason}")
        return
    path = f"{FOLDER}/{download.file_name}"
    yield StringCommand(f"mkdir -p {FOLDER}; {fetch(download, digest, path)}; {_install(path)}")


def _is_there(package: str, wanted: str, installed: Package | None) -> bool:
    if installed is None:
        return False
    host.noop(f"{package} is installed")
    if installed.version != wanted:
        host.log(f"{package} {installed.version} is left as it is; {wanted} is declared, and only an upgrade brings it")
    return True


def _install(path: str) -> str:
    file = shlex.quote(path)
    return f"{APT_GET} update && {APT_GET} install --no-install-recommends {file} && rm -f {file}"
