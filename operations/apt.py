"""Packages, and the repositories they come from."""

from __future__ import annotations

import base64
import shlex
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pyinfra import host, state
from pyinfra.api import FileUploadCommand, StringCommand, operation
from pyinfra.api.command import PyinfraCommand

from cluster.observed.gpg import Keyring
from cluster.observed.packages import Package
from cluster.sources import AptSource
from engine import remote
from engine.fail import fail
from facts.apt import SigningKeys
from facts.dpkg import Packages
from local.apt_download import NotFetched, apt_keyring, deb

FOLDER = "/var/cache/isthmus"
# Each key as a line of base64.
FETCH_KEYS = """set -e
new=$(mktemp)
trap 'rm -f "$new"' EXIT
for url in {urls}; do curl -fsSL --retry 3 --max-time 60 -o "$new" "$url"; base64 -w 0 "$new"; echo; done"""

APT_GET = (
    "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "
    "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
)


@dataclass(frozen=True)
class Pushed:
    """Where this machine finds a package for a host that can't reach the repository: for which architecture, trusting also the PEM file `ca`."""

    source: AptSource
    architecture: str
    ca: str | None


@dataclass(frozen=True)
class Wanted:
    """A package. `version` may end in `*`; it counts when the package is installed first, what runs is never upgraded.

    One that is `sent` is fetched by this machine, and given to the host over SSH.
    """

    name: str
    version: str | None = None
    held: bool = False
    sent: Pushed | None = None

    @property
    def spec(self) -> str:
        """As apt-get takes it."""
        return f"{self.name}={self.version}" if self.version else self.name


@operation()
def signing_keys(sources: Sequence[AptSource]) -> Generator[StringCommand, None, None]:
    """
    Keep the signing keys of repositories. Each is fetched where its repository is fetched, and refused unless it is the pinned one.

    + sources: the repositories
    """
    stale = []
    for source in sources:
        keyring = host.get_fact(SigningKeys, path=source.keyring)
        if keyring is None:
            yield fail(f"{source.keyring} could not be read")
            return
        if not _is_valid(keyring, source.fingerprint):
            stale.append(source)
    if not stale:
        host.noop("the signing keys are as pinned")
    elif not state.is_executing:
        yield StringCommand("true")
    else:
        yield from _keep(stale)


@operation()
def packages(wanted: Sequence[Wanted]) -> Generator[PyinfraCommand, None, None]:
    """
    Install what is missing, in one transaction, and hold what shall be held. What is installed is never up- or downgraded.

    + wanted: the packages
    """
    found = host.get_fact(Packages, names=[package.name for package in wanted])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    missing = [package for package in wanted if found[package.name] is None]
    unheld = [package.name for package in wanted if package.held and not _is_held(found[package.name])]
    if missing:
        yield from _install(missing, unheld)
    elif unheld:
        yield StringCommand("apt-mark hold", shlex.join(unheld))
    if not missing and not unheld:
        host.noop("packages are installed")


@operation()
def upgrade(wanted: Sequence[Wanted]) -> Generator[PyinfraCommand, None, None]:
    """
    Bring packages to their versions in one transaction, held ones too. apt itself refuses to go back.

    + wanted: the packages, each with its version
    """
    found = host.get_fact(Packages, names=[package.name for package in wanted])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    other = [package for package in wanted if not _has_version(found[package.name], package)]
    # Being changed, a package loses its hold.
    unheld = [
        package.name for package in wanted if package.held and (package in other or not _is_held(found[package.name]))
    ]
    if other:
        yield from _install(other, unheld, " --allow-change-held-packages")
    elif unheld:
        yield StringCommand("apt-mark hold", shlex.join(unheld))
    else:
        host.noop("packages have their versions")


def _has_version(found: Package | None, wanted: Wanted) -> bool:
    return found is not None and fnmatchcase(found.version, wanted.version or "*")


def _install(
    wanted: Sequence[Wanted], unheld: Sequence[str], option: str = ""
) -> Generator[PyinfraCommand, None, None]:
    """One transaction, in one execution after the files that are sent; with that option of apt-get."""
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        sent = [_fetched(package, package.sent) for package in wanted if package.sent]
    except NotFetched as reason:
        yield fail(f"not fetched for this host: {reason}")
        return
    if sent:
        yield StringCommand(f"mkdir -p {FOLDER}")
    for file in sent:
        path = f"{FOLDER}/{file.name}"
        yield FileUploadCommand(str(file), path, remote_temp_filename=host.get_temp_filename(path))
    paths = [f"{FOLDER}/{file.name}" for file in sent]
    specs = [package.spec for package in wanted if not package.sent]
    steps = [f"{APT_GET} update", f"{APT_GET} install --no-install-recommends{option} {shlex.join(paths + specs)}"]
    steps += [f"rm -f {shlex.join(paths)}"] if sent else []
    steps += [f"apt-mark hold {shlex.join(unheld)}"] if unheld else []
    yield StringCommand(" && ".join(steps))


def _fetched(package: Wanted, sent: Pushed) -> Path:
    return deb(sent.source, package.name, package.version or "", sent.architecture, sent.ca)


def _is_held(found: Package | None) -> bool:
    return found is not None and found.held


def _keep(sources: Sequence[AptSource]) -> Generator[StringCommand, None, None]:
    """The host fetches, this machine judges: gpg need not be on the host yet."""
    urls = " ".join(shlex.quote(source.key_url) for source in sources)
    try:
        said = remote.run(host.name, FETCH_KEYS.format(urls=urls))
        rings = {
            source.keyring: apt_keyring(base64.b64decode(line), source)
            for source, line in zip(sources, said.split("\n"), strict=False)
        }
    except (NotFetched, remote.RemoteFailure) as reason:
        yield fail(str(reason))
        return
    installed = "".join(
        f"base64 -d <<'END-OF-KEY' > {path}.new && chmod 644 {path}.new && mv {path}.new {path}\n{base64.b64encode(key).decode()}\nEND-OF-KEY\n"
        for path, key in rings.items()
    )
    yield StringCommand("sh -s", _stdin=f"set -e\nmkdir -p /etc/apt/keyrings\n{installed}")


def _is_valid(keyring: Keyring, fingerprint: str) -> bool:
    """Exactly the pinned key, and not expired: a prolonged one is fetched only when it is needed."""
    expiry = keyring.keys.get(fingerprint)
    return list(keyring.keys) == [fingerprint] and (expiry is None or expiry > time.time())
