"""The CNI plugins that a host has."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pyinfra.api import FactBase

from facts.reading import contained

LISTING = "/opt/cni/isthmus.sha256"


@dataclass(frozen=True)
class Installed:
    """Where our plugins were unpacked from; `intact` = each file is there as it was unpacked. Empty where there are none."""

    archive: str
    sha256: str
    intact: bool

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


class Plugins(FactBase[Installed | None]):
    """The plugins that were unpacked from an archive, by the listing kept beside them; None = unknown."""

    def command(self) -> str:
        return (
            f"test -f {LISTING} || {{ echo none; exit 0; }}; head -n 1 {LISTING}; cd /opt/cni/bin; "
            # What has not been touched since it was listed need not be read: that is 60 MB.
            f"names=$(tail -n +2 {LISTING} | sed 's/^[0-9a-f]*  //'); "
            f'if test -n "$names" && test -z "$(find $names -newercc {LISTING} 2>&1)" || tail -n +2 {LISTING} | sha256sum --check --status; '
            "then echo intact; else echo changed; fi"
        )

    @contained
    def process(self, output: list[str]) -> Installed:
        if output[0] == "none":
            return Installed("", "", False)
        _, archive, sha256 = output[0].split(" ")
        return Installed(archive, sha256, output[1] == "intact")
