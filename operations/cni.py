"""The CNI reference plugins from their publisher's archive, and the end of flannel on a host."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.observed.cni import Installed
from cluster.sources import Download
from engine.fail import fail
from engine.wait import poll_script, wait
from facts.cni import LISTING, Plugins
from operations.downloads import NoChecksum, expected_sha256, fetch

ARCHIVE = "/opt/cni/isthmus.tgz"
UNPACKED = "/opt/cni/isthmus-new"

STOP_TIMEOUT_S = 90


@operation()
def wait_for_flannel_to_stop() -> Generator[StringCommand, None, None]:
    """Wait until flannel has stopped on this host; its links and files stay."""
    running = "grep -sx flanneld /proc/[0-9]*/comm"
    stopped = poll_script(
        f"! {running}", seconds=STOP_TIMEOUT_S, otherwise="flanneld still runs; see journalctl -u kubelet"
    )
    yield from wait(stopped, STOP_TIMEOUT_S, "flannel has stopped")


@operation()
def plugins(download: Download, ca: str | None) -> Generator[StringCommand, None, None]:
    """
    Install the plugins of an archive to /opt/cni/bin. Other plugins there stay.

    + download: address and hash of the archive for the host's architecture
    + ca: PEM file with an authority that the operator's machine trusts in addition when it reads the publisher's checksum
    """
    found = host.get_fact(Plugins)
    if found is None:
        yield fail("the CNI plugins in /opt/cni/bin could not be read")
        return
    if _is_current(found, download):
        host.noop("the CNI plugins are installed")
        return
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        sha256 = expected_sha256(download, ca)
    except NoChecksum as problem:
        yield fail(f"the hash of the CNI plugins is unknown, so their archive can't be checked: {problem}")
        return
    yield StringCommand(f"mkdir -p /opt/cni/bin; {fetch(download, sha256, ARCHIVE)}; {_unpack(download, sha256)}")


def _is_current(found: Installed, download: Download) -> bool:
    is_same = found.archive == download.official_url and found.sha256 == (download.sha256 or found.sha256)
    return found.intact and is_same


def _unpack(download: Download, sha256: str) -> str:
    # containerd may be running an old plugin at this moment: a rename replaces each file atomically.
    return (
        f"set -e; rm -rf {UNPACKED}; mkdir {UNPACKED}; trap 'rm -rf {UNPACKED} {ARCHIVE}' EXIT; "
        f"tar --extract --gzip --no-same-owner --file {ARCHIVE} --directory {UNPACKED}; cd {UNPACKED}; "
        f"{{ echo {shlex.quote(f'# {download.official_url} {sha256}')}; find . -type f -exec sha256sum {{}} +; }} > {LISTING}.new; "
        f"find . -type f -exec mv -f -t /opt/cni/bin {{}} +; mv -f {LISTING}.new {LISTING}"
    )
