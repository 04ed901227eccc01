"""Packages, and the repositories they come from."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pyinfra import host, state
from pyinfra.api import FileUploadCommand, StringCommand, operation
from pyinfra.api.command import PyinfraCommand

from cluster.sources import AptSource
from facts.apt import Keyring, SigningKeys
from facts.dpkg import Package, Packages
from operations.failing import fail
from operations.repositories import NotFetched, deb

FOLDER = "/var/cache/isthmus"

APT_GET = (
    "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "
    "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
)


@dataclass(frozen=True)
class Sent:
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
    sent: Sent | None = None

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
    commands = []
    for source in sources:
        keyring = host.get_fact(SigningKeys, path=source.keyring)
        if keyring is None:
            yield fail(f"{source.keyring} could not be read; is gpg installed?")
            return
        if not _is_valid(keyring, source.fingerprint):
            commands.append(f"( {_fetch_key(source)} )")
    if commands:
        yield StringCommand(" && ".join(commands))
    else:
        host.noop("the signing keys are as pinned")


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
    _report_others(wanted, found)
    unheld = [package.name for package in wanted if package.held and not _is_held(found[package.name])]
    if missing:
        yield from _install(missing, unheld)
    elif unheld:
        yield StringCommand("apt-mark hold", shlex.join(unheld))
    if not missing and not unheld:
        host.noop("packages are installed")


def _install(missing: Sequence[Wanted], unheld: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """One transaction, in one execution after the files that are sent."""
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        sent = [_fetched(package, package.sent) for package in missing if package.sent]
    except NotFetched as reason:
        yield fail(f"not fetched for this host: {reason}")
        return
    if sent:
        yield StringCommand(f"mkdir -p {FOLDER}")
    for file in sent:
        path = f"{FOLDER}/{file.name}"
        yield FileUploadCommand(str(file), path, remote_temp_filename=host.get_temp_filename(path))
    paths = [f"{FOLDER}/{file.name}" for file in sent]
    specs = [package.spec for package in missing if not package.sent]
    steps = [f"{APT_GET} update", f"{APT_GET} install --no-install-recommends {shlex.join(paths + specs)}"]
    steps += [f"rm -f {shlex.join(paths)}"] if sent else []
    steps += [f"apt-mark hold {shlex.join(unheld)}"] if unheld else []
    yield StringCommand(" && ".join(steps))


def _fetched(package: Wanted, sent: Sent) -> Path:
    return deb(sent.source, package.name, package.version or "", sent.architecture, sent.ca)


def _report_others(wanted: Sequence[Wanted], found: Mapping[str, Package | None]) -> None:
    for package in wanted:
        installed = found[package.name]
        if installed and package.version and not fnmatchcase(installed.version, package.version):
            host.log(
                f"{package.name} {installed.version} is left as it is; {package.version} is declared, and only an upgrade brings it"
            )


def _is_held(found: Package | None) -> bool:
    return found is not None and found.held


def _fetch_key(source: AptSource) -> str:
    """A script that keeps the key: it is checked before it is put in place. The path is ours."""
    url = shlex.quote(source.key_url)
    wrong = (
        f'"the key at "{url}" is $found, not the pinned {source.fingerprint}: the mirror is wrong or not to be trusted"'
    )
    return (
        f'set -e; new=$(mktemp -d); trap \'rm -rf "$new"\' EXIT; curl -fsSL --retry 3 --max-time 60 -o "$new/key" {url}; '
        'found=$(gpg --batch --homedir "$new" --show-keys --with-colons "$new/key" 2>/dev/null | '
        'awk -F: \'$1=="pub"{p=1} $1=="fpr"&&p{print $10;p=0}\'); '
        f'if [ "$found" != {source.fingerprint} ]; then echo {wrong} >&2; exit 1; fi; '
        'if head -c 5 "$new/key" | grep -q -e "-----"; then gpg --batch --homedir "$new" --dearmor < "$new/key" > "$new/ring"; '
        f'else cp "$new/key" "$new/ring"; fi; install -D -m 644 "$new/ring" {source.keyring}'
    )


def _is_valid(keyring: Keyring, fingerprint: str) -> bool:
    """Exactly the pinned key, and not expired: a prolonged one is fetched only when it is needed."""
    expiry = keyring.keys.get(fingerprint)
    return list(keyring.keys) == [fingerprint] and (expiry is None or expiry > time.time())
