"""A package from a single .deb file of its publisher; its dependencies come from the distribution."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.observed.packages import Package
from cluster.sources import Download
from engine.fail import fail
from facts.dpkg import Packages
from operations.apt import APT_GET, DPKG_UNREADABLE, FOLDER
from operations.downloads import NoChecksum, expected_sha256, fetch


@operation()
def package(
    package: str, version: str, download: Download, ca: str | None, upgrade_after: str | None = None
) -> Generator[StringCommand, None, None]:
    """
    Install a package from a .deb file of its publisher. An installed package keeps its version unless `upgrade_after` is given.

    + package: its name
    + version: the declared version
    + download: address and hash of the file
    + ca: PEM file with an authority that the operator's machine trusts in addition when it reads the publisher's list of hashes
    + upgrade_after: makes this an upgrade: script for sh that must succeed after the download and before the installation
    """
    found = host.get_fact(Packages, names=[package])
    if found is None:
        yield fail(DPKG_UNREADABLE)
        return
    if _is_installed(version, found[package], is_upgrade=upgrade_after is not None):
        host.noop(f"{package} is installed")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        digest = expected_sha256(download, ca)
    except NoChecksum as reason:
        yield fail(f"the hash of {package} {version} is unknown, so its file can't be checked: {reason}")
        return
    path = f"{FOLDER}/{download.file_name}"
    prepare = f"mkdir -p {FOLDER}; {fetch(download, digest, path)}; {APT_GET} update"
    if upgrade_after and found[package]:
        yield StringCommand(prepare)
        yield StringCommand("sh -s", _stdin=upgrade_after)
        yield StringCommand(_install(path))
    else:
        yield StringCommand(f"{prepare} && {_install(path)}")


def _is_installed(wanted: str, installed: Package | None, is_upgrade: bool) -> bool:
    return installed is not None and (installed.version == wanted or not is_upgrade)


def _install(path: str) -> str:
    file = shlex.quote(path)
    return f"{APT_GET} install --no-install-recommends {file} && rm -f {file}"
