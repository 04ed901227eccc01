"""A single .deb file of its publisher, installed with its dependencies from the distribution."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.observed.packages import Package
from cluster.sources import Download
from engine.fail import fail
from facts.dpkg import Packages
from operations.apt import APT_GET, FOLDER
from operations.downloads import NoChecksum, expected_sha256, fetch


@operation()
def package(
    package: str, version: str, download: Download, ca: str | None, upgrade_after: str | None = None
) -> Generator[StringCommand, None, None]:
    """
    Install a package from a single file of its publisher. One that is installed stays as it is, of whatever version, unless it
    is to be upgraded.

    + package: its name
    + version: the version that is declared
    + download: where the file is
    + ca: PEM file that this machine trusts in addition when it reads the publisher's list of hashes
    + upgrade_after: for an upgrade: what sh must have done well before the new one is installed, when it is fetched already
    """
    found = host.get_fact(Packages, names=[package])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    if _is_there(package, version, found[package], is_upgrade=upgrade_after is not None):
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
    prepare = f"mkdir -p {FOLDER}; {fetch(download, digest, path)}; {APT_GET} update"
    if upgrade_after and found[package]:
        yield StringCommand(prepare)
        yield StringCommand("sh -s", _stdin=upgrade_after)
        yield StringCommand(_install(path))
    else:
        yield StringCommand(f"{prepare} && {_install(path)}")


def _is_there(package: str, wanted: str, installed: Package | None, is_upgrade: bool) -> bool:
    if installed is None or (is_upgrade and installed.version != wanted):
        return False
    host.noop(f"{package} is installed")
    return True


def _install(path: str) -> str:
    file = shlex.quote(path)
    return f"{APT_GET} install --no-install-recommends {file} && rm -f {file}"
