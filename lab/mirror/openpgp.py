"""The lab's OpenPGP key, created once for each cache: it signs the repositories that three projects sign with theirs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.mirror.commands import run

OWNER = "isthmus lab mirror <mirror@lab.invalid>"


class Signer:
    """gpg with its own home folder and the lab's key."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def gpg(self, *words: str | Path, data: bytes | None = None) -> str:
        """Run gpg; gives its output."""
        return run(
            ["gpg", "--homedir", self.home, "--batch", "--yes", "--quiet", *words],
            data=data,
            why="the lab's signing key",
        )

    def sign(self, release: Path) -> None:
        """Write InRelease and Release.gpg beside a Release file."""
        digest = ["--digest-algo", "SHA512"]
        self.gpg(*digest, "--clearsign", "--output", release.with_name("InRelease"), release)
        self.gpg(*digest, "--armor", "--detach-sign", "--output", release.with_name("Release.gpg"), release)

    def fingerprint(self) -> str:
        """The primary key's fingerprint, forty hex digits."""
        lines = self.gpg("--with-colons", "--list-keys").splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))

    def public(self, *, armor: bool) -> bytes:
        """The public key."""
        target = self.home / f"public-{armor}"
        if not target.is_file():
            self.gpg(*(["--armor"] if armor else []), "--output", target, "--export")
        return target.read_bytes()


@contextmanager
def signer(cache: Path) -> Iterator[Signer]:
    """Within, a signer and its gpg-agent. gpg's sockets need a short path, so the home folder is temporary."""
    home = Path(tempfile.mkdtemp(prefix="lab-gpg-"))
    secret = cache / "openpgp" / "secret.asc"
    made = Signer(home)
    try:
        if secret.is_file():
            made.gpg("--import", secret)
        else:
            create(made, secret)
        yield made
    finally:
        run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], why="ending gpg's agent")
        shutil.rmtree(home, ignore_errors=True)


def create(signer: Signer, secret: Path) -> None:
    """Create the key, and save it for later builds."""
    signer.gpg("--passphrase", "", "--quick-generate-key", OWNER, "rsa3072", "sign", "never")
    secret.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = secret.with_suffix(".draft")
    signer.gpg("--armor", "--output", draft, "--export-secret-keys")
    draft.chmod(0o600)
    draft.rename(secret)
