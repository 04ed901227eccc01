"""Packages, and the repositories they come from."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from facts.apt import Keyring, SigningKeys
from facts.dpkg import Package, Packages
from operations.failing import fail

APT_GET = (
    "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "
    "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
)


@dataclass(frozen=True)
class Wanted:
    """A package. `version` may end in `*`; it counts when the package is installed first, what runs is never upgraded."""

    name: str
    version: str | None = None
    held: bool = False

    @property
    def spec(self) -> str:
        """As apt-get takes it."""
        return f"{self.name}={self.version}" if self.version else self.name


@operation()
def signing_key(path: str, url: str, fingerprint: str) -> Generator[StringCommand, None, None]:
    """
    Keep a repository's signing key. It is fetched where the repository is fetched, and refused unless it is the pinned one.

    + path: keyring file (binary)
    + url: where the key is published, armoured or binary
    + fingerprint: of its primary key, 40 hexadecimal digits
    """
    keyring = host.get_fact(SigningKeys, path=path)
    if keyring is None:
        yield fail(f"{path} could not be read; is gpg installed?")
        return
    if _is_valid(keyring, fingerprint):
        host.noop("the signing key is as pinned")
        return
    # The path is ours and the rest is quoted by pyinfra; the check comes before the key is put in place.
    yield StringCommand(
        'set -e; new=$(mktemp -d); trap \'rm -rf "$new"\' EXIT; curl -fsSL --retry 3 --max-time 60 -o "$new/key"',
        QuoteString(url),
        '; gpg --batch --homedir "$new" --show-keys --with-colons "$new/key" 2>/dev/null | awk -F: \'$1=="pub"{p=1} $1=="fpr"&&p{print $10;p=0}\' > "$new/found";',
        'if [ "$(cat "$new/found")" != ',
        QuoteString(fingerprint),
        ' ]; then echo "the key at',
        url,
        'is $(cat "$new/found"), not the pinned',
        fingerprint,
        ': the mirror is wrong or not to be trusted" >&2; exit 1; fi;',
        'if head -c 5 "$new/key" | grep -q -e "-----"; then gpg --batch --homedir "$new" --dearmor < "$new/key" > "$new/ring"; else cp "$new/key" "$new/ring"; fi;',
        'install -D -m 644 "$new/ring"',
        QuoteString(path),
    )


@operation()
def packages(wanted: Sequence[Wanted]) -> Generator[StringCommand, None, None]:
    """
    Install what is missing, in one transaction, and hold what shall be held. What is installed is never up- or downgraded.

    + wanted: the packages
    """
    found = host.get_fact(Packages, names=[package.name for package in wanted])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    missing = [package for package in wanted if found[package.name] is None]
    if missing:
        yield StringCommand(APT_GET, "update")
        yield StringCommand(
            APT_GET, "install --no-install-recommends", *(QuoteString(package.spec) for package in missing)
        )
    unheld = [package for package in wanted if package.held and not _is_held(found[package.name])]
    if unheld:
        yield StringCommand("apt-mark hold", *(QuoteString(package.name) for package in unheld))
    if not missing and not unheld:
        host.noop("packages are installed")


@operation()
def upgraded(wanted: Sequence[Wanted]) -> Generator[StringCommand, None, None]:
    """
    Bring packages to their versions in one transaction, held ones too. apt itself refuses to go back.

    + wanted: the packages, each with its version
    """
    found = host.get_fact(Packages, names=[package.name for package in wanted])
    if found is None:
        yield fail("dpkg could not be asked; is another package manager at work?")
        return
    other = [package for package in wanted if not _has_version(found[package.name], package)]
    if other:
        yield StringCommand(APT_GET, "update")
        yield StringCommand(
            APT_GET,
            "install --no-install-recommends --allow-change-held-packages",
            *(QuoteString(package.spec) for package in other),
        )
    # Being changed, a package loses its hold.
    unheld = [package for package in wanted if package.held and (package in other or not _is_held(found[package.name]))]
    if unheld:
        yield StringCommand("apt-mark hold", *(QuoteString(package.name) for package in unheld))
    if not other and not unheld:
        host.noop("packages have their versions")


def _has_version(found: Package | None, wanted: Wanted) -> bool:
    return found is not None and fnmatchcase(found.version, wanted.version or "*")


def _is_held(found: Package | None) -> bool:
    return found is not None and found.held


def _is_valid(keyring: Keyring, fingerprint: str) -> bool:
    """Exactly the pinned key, and not expired: a prolonged one is fetched only when it is needed."""
    expiry = keyring.keys.get(fingerprint)
    return list(keyring.keys) == [fingerprint] and (expiry is None or expiry > time.time())
