"""Single .deb files, installed with their dependencies from the distribution."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import FileUploadCommand, StringCommand, operation
from pyinfra.api.command import PyinfraCommand

from cluster.sources import AptSource, Download
from facts.dpkg import Package, Packages
from operations.apt import APT_GET
from operations.downloads import NoChecksum, expected_sha256, fetch
from operations.failing import fail
from operations.repositories import NotFetched, deb

FOLDER = "/var/cache/isthmus"


@operation()
def downloaded(
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
    yield StringCommand(f"mkdir -p {FOLDER}")
    yield fetch(download, digest, path)
    yield StringCommand(APT_GET, "update")
    if upgrade_after and found[package]:
        yield StringCommand("sh -s", _stdin=upgrade_after)
    yield _install(path)


@operation()
def pushed(
    package: str, version: str, source: AptSource, architecture: str, ca: str | None, is_upgrade: bool = False
) -> Generator[PyinfraCommand, None, None]:
    """
    Install a package that the host itself can't fetch: this machine fetches it from the signed repository and sends it over SSH.
    One that is installed stays as it is, of whatever version, unless it is to be upgraded.

    + package: its name
    + version: the version that is declared
    + source: the repository
    + architecture: of the host
    + ca: PEM file that this machine trusts in addition
    + is_upgrade: another version than the declared one is replaced
    """
    found = host.get_fact(Packages, names=[package])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    if _is_there(package, version, found[package], is_upgrade):
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        file = deb(source, package, version, architecture, ca)
    except NotFetched as reason:
        yield fail(f"{package} could not be fetched for this host: {reason}")
        return
    path = f"{FOLDER}/{file.name}"
    yield StringCommand(f"mkdir -p {FOLDER}")
    yield FileUploadCommand(str(file), path, remote_temp_filename=host.get_temp_filename(path))
    yield StringCommand(APT_GET, "update")
    yield _install(path)


def _is_there(package: str, wanted: str, installed: Package | None, is_upgrade: bool) -> bool:
    if installed is None or (is_upgrade and installed.version != wanted):
        return False
    host.noop(f"{package} is installed")
    return True


def _install(path: str) -> StringCommand:
    file = shlex.quote(path)
    return StringCommand(f"{APT_GET} install --no-install-recommends {file} && rm -f {file}")
