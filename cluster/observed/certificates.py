"""What openssl prints of certificates."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Certificate:
    """When it ends and when its file was written, in seconds of the host's clock, and its serial number in hexadecimal digits."""

    end: int
    written: int
    serial: str

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json."""
        return asdict(self)


def parse_issued(lines: Sequence[str]) -> dict[str, Certificate]:
    """File → certificate, after lines of `FILE WRITTEN END SERIAL`; openssl's END, such as `Nov 24 12:24:28 2027 GMT`, has spaces."""
    rows = (line.split() for line in lines)
    return {path: Certificate(_seconds(end), int(written), serial) for path, written, *end, serial in rows}


def parse_names(lines: Sequence[str]) -> list[str]:
    """The names and addresses in `openssl x509 -ext subjectAltName`."""
    words = (word.strip().partition(":") for line in lines for word in line.split(","))
    return [value for kind, _, value in words if kind in ("DNS", "IP Address")]


def parse_expiries(lines: Sequence[str]) -> dict[str, int]:
    """File → when its certificate ends, in seconds since 1970, after lines of `FILE END`."""
    return {words[0]: _seconds(words[1:]) for words in (line.split() for line in lines) if len(words) == 6}


def _seconds(words: Sequence[str]) -> int:
    # Read here: `date` of uutils and busybox does not read openssl's form.
    return int(ssl.cert_time_to_seconds(" ".join(words)))
