"""apt packages and the signing keys of their repositories."""

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
# Prints each key as one line of base64.
DPKG_UNREADABLE = (
    "the list of installed packages could not be read; does `dpkg-query --show` on this host report an error?"
)
FETCH_KEYS = """set -e
new=$(mktemp)
trap 'rm -f "$new"' EXIT
for url in {urls}; do curl -fsSL --retry 3 --max-time 60 -o "$new" "$url"; base64 -w 0 "$new"; echo; done"""

LOCK_WAIT_S = 300
# apt's own option waits for dpkg's locks only, so a lock of lists or archives (apt-daily, cloud-init) is waited for here. apt names
# a lock before it has changed anything.
_PATIENT = f"""\
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
end=$(($(date +%s) + {LOCK_WAIT_S}))
until said=$("$0" "$@" 2>&1); do
  case $said in
    *"Could not get lock "* | *"locked by another process"*)
      if test "$(date +%s)" -lt "$end"; then sleep 2; continue; fi
      said="another program held a lock of apt for {LOCK_WAIT_S} s; it is named below: wait for its end, then run again
$said";;
    *"dpkg was interrupted"* | *"Unmet dependencies"*)
      said="dpkg is half configured on this host; on it, run: dpkg --configure -a; apt-get -f install
$said";;
  esac
  printf "%s\\n" "$said" >&2
  exit 100
done
printf "%s\\n" "$said"
"""
# apt-mark calls dpkg, which waits for no lock.
APT_MARK = f"sh -c {shlex.quote(_PATIENT)} apt-mark"
APT_GET = (
    f"sh -c {shlex.quote(_PATIENT)} apt-get -q -y -o DPkg::Lock::Timeout={LOCK_WAIT_S} "
    "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
)


@dataclass(frozen=True)
class Pushed:
    """The origin of a package that the operator's machine downloads for a host without access to the repository.

    `ca`: PEM file with an authority that is trusted in addition to the system's; None: the system's only.
    """

    source: AptSource
    architecture: str
    ca: str | None


@dataclass(frozen=True)
class Wanted:
    """A package to install. `version` may end in `*`; None: the repository's newest.

    `held`: apt must keep its version. `sent`: the operator's machine downloads the package and sends it over SSH; None: the host downloads it.
    """

    name: str
    version: str | None = None
    held: bool = False
    sent: Pushed | None = None

    @property
    def spec(self) -> str:
        """The package as an argument of apt-get, such as `kubelet=1.36.3-*`."""
        return f"{self.name}={self.version}" if self.version else self.name


@operation()
def signing_keys(sources: Sequence[AptSource]) -> Generator[StringCommand, None, None]:
    """
    Install the signing keys of repositories. The host downloads each key from its repository; any other key than the pinned one is refused.

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
        yield from _install_keys(stale)


@operation()
def packages(wanted: Sequence[Wanted], may_remove: bool = False) -> Generator[PyinfraCommand, None, None]:
    """
    Install missing packages in one transaction, and hold the packages that are marked `held`. Installed packages are neither
    upgraded nor downgraded.

    + wanted: the packages
    + may_remove: other packages may be removed for them; else the transaction fails
    """
    found = host.get_fact(Packages, names=[package.name for package in wanted])
    if found is None:
        yield fail(DPKG_UNREADABLE)
        return
    missing = [package for package in wanted if found[package.name] is None]
    unheld = [package.name for package in wanted if package.held and not _is_held(found[package.name])]
    if missing:
        yield from _install(missing, unheld, general="" if may_remove else " --no-remove")
    elif unheld:
        yield StringCommand(f"{APT_MARK} hold", shlex.join(unheld))
    if not missing and not unheld:
        host.noop("packages are installed")


@operation()
def upgrade(wanted: Sequence[Wanted]) -> Generator[PyinfraCommand, None, None]:
    """
    Upgrade packages to their wanted versions in one transaction, held packages too. apt refuses a downgrade.

    + wanted: the packages, each with its version
    """
    found = host.get_fact(Packages, names=[package.name for package in wanted])
    if found is None:
        yield fail(DPKG_UNREADABLE)
        return
    other = [package for package in wanted if not _has_version(found[package.name], package)]
    # apt removes the hold of a package that it changes.
    unheld = [
        package.name for package in wanted if package.held and (package in other or not _is_held(found[package.name]))
    ]
    if other:
        yield from _install(other, unheld, " --allow-change-held-packages")
    elif unheld:
        yield StringCommand(f"{APT_MARK} hold", shlex.join(unheld))
    else:
        host.noop("packages have their versions")


def _has_version(found: Package | None, wanted: Wanted) -> bool:
    return found is not None and fnmatchcase(found.version, wanted.version or "*")


def _install(
    wanted: Sequence[Wanted], unheld: Sequence[str], option: str = "", general: str = ""
) -> Generator[PyinfraCommand, None, None]:
    """Yield one apt-get transaction as one command, after the uploads. `general` is added before `install`, `option` after it."""
    if not state.is_executing:
        yield StringCommand("true")
        return
    try:
        sent = [_download(package, package.sent) for package in wanted if package.sent]
    except NotFetched as reason:
        yield fail(f"the operator's machine could not download a package for this host: {reason}")
        return
    if sent:
        yield StringCommand(f"mkdir -p {FOLDER}")
    for file in sent:
        path = f"{FOLDER}/{file.name}"
        yield FileUploadCommand(str(file), path, remote_temp_filename=host.get_temp_filename(path))
    paths = [f"{FOLDER}/{file.name}" for file in sent]
    specs = [package.spec for package in wanted if not package.sent]
    steps = [
        f"{APT_GET} update",
        f"{APT_GET}{general} install --no-install-recommends{option} {shlex.join(paths + specs)}",
    ]
    steps += [f"rm -f {shlex.join(paths)}"] if sent else []
    steps += [f"{APT_MARK} hold {shlex.join(unheld)}"] if unheld else []
    yield StringCommand(" && ".join(steps))


def _download(package: Wanted, sent: Pushed) -> Path:
    return deb(sent.source, package.name, package.version or "", sent.architecture, sent.ca)


def _is_held(found: Package | None) -> bool:
    return found is not None and found.held


def _install_keys(sources: Sequence[AptSource]) -> Generator[StringCommand, None, None]:
    """The host downloads and the operator's machine checks the keys: the host may have no gpg yet."""
    urls = " ".join(shlex.quote(source.key_url) for source in sources)
    try:
        downloaded = remote.run(host.name, FETCH_KEYS.format(urls=urls))
        rings = {
            source.keyring: apt_keyring(base64.b64decode(line), source)
            for source, line in zip(sources, downloaded.split("\n"), strict=False)
        }
    except (NotFetched, remote.RemoteFailure) as reason:
        yield fail(str(reason))
        return
    installed = "".join(
        f"base64 -d <<'END-OF-KEY' > {path}.new && chmod 644 {path}.new && mv {path}.new {path}\n"
        f"{base64.b64encode(key).decode()}\nEND-OF-KEY\n"
        for path, key in rings.items()
    )
    yield StringCommand("sh -s", _stdin=f"set -e\nmkdir -p /etc/apt/keyrings\n{installed}")


def _is_valid(keyring: Keyring, fingerprint: str) -> bool:
    """Whether the keyring holds exactly the pinned key, unexpired. A key that its publisher prolonged is downloaded after its old end only."""
    expiry = keyring.keys.get(fingerprint)
    return list(keyring.keys) == [fingerprint] and (expiry is None or expiry > time.time())
