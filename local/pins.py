"""The pins of this run: those of the source code, or those of a rehearsal's ISTHMUS_TRUST."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from cluster.model import Certificate
from cluster.sources import KEY_FINGERPRINTS, SHA256, Pins


@cache
def current_pins() -> Pins:
    """The pins of cluster.sources; ISTHMUS_TRUST names a JSON file whose values replace them.

    Its keys: key_fingerprints (name → fingerprint), sha256 (official address → hash), certificate ({certificate, key}: PEM
    files for the coordination server), acme (directory of the authority that gives one) and ca (PEM file that the operator's
    machine trusts). The lab sets it.
    """
    overlay = os.environ.get("ISTHMUS_TRUST")
    if not overlay:
        return Pins()
    values = json.loads(Path(overlay).read_text())
    certificate = values.get("certificate")
    return Pins(
        key_fingerprints={**KEY_FINGERPRINTS, **values.get("key_fingerprints", {})},
        sha256={**SHA256, **values.get("sha256", {})},
        certificate=Certificate(**certificate) if certificate else None,
        ca=values.get("ca"),
        acme=values.get("acme", ""),
    )
