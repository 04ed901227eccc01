"""The pins of this run: those of the source code, or those of a rehearsal's ISTHMUS_TRUST."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from cluster.model import Certificate, Cluster
from cluster.problems import Problem
from cluster.sources import KEY_FINGERPRINTS, SHA256, Pins


@cache
def current_pins() -> Pins:
    """The pins of cluster.sources; ISTHMUS_TRUST names a JSON file whose values replace them.

    Its keys: key_fingerprints (name → fingerprint), sha256 (official address → hash), certificate ({certificate, key}: PEM
    files for the coordination server), acme (directory of the authority that gives one) and ca (PEM file that the operator's
    machine trusts). The lab sets it.
    """
    values = _overlay()
    if values is None:
        return Pins()
    certificate = values.get("certificate")
    return Pins(
        key_fingerprints={**KEY_FINGERPRINTS, **values.get("key_fingerprints", {})},
        sha256={**SHA256, **values.get("sha256", {})},
        certificate=Certificate(**certificate) if certificate else None,
        ca=values.get("ca"),
        acme=values.get("acme", ""),
    )


def own_certificate(cluster: Cluster) -> Certificate | None:
    """The operator's certificate files for the gateway, a rehearsal's before the declared ones; None if certbot obtains the certificate."""
    return current_pins().certificate or (cluster.certificate if isinstance(cluster.certificate, Certificate) else None)


def replaced() -> str:
    """What ISTHMUS_TRUST replaces, in one line; empty if it is not set, as for every real cluster."""
    values = _overlay()
    if values is None:
        return ""
    counted = {"key_fingerprints": "key fingerprints", "sha256": "hashes"}
    parts = [f"{len(values[key])} {words}" for key, words in counted.items() if values.get(key)]
    named = {"certificate": "the gateway's certificate", "acme": "the ACME authority", "ca": "the trusted CA"}
    parts += [words for key, words in named.items() if values.get(key)]
    return f"ISTHMUS_TRUST is set: {os.environ['ISTHMUS_TRUST']} replaces {', '.join(parts) or 'nothing'}; only a rehearsal sets it"


def problems() -> list[Problem]:
    """What keeps the file that ISTHMUS_TRUST names from being read."""
    try:
        current_pins()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return [
            Problem(
                "ISTHMUS_TRUST",
                f"{os.environ['ISTHMUS_TRUST']} can't be read: {type(error).__name__}",
                "it replaces the keys and hashes by which downloads are proved",
                "unset ISTHMUS_TRUST; only a rehearsal in the lab sets it",
            )
        ]
    return []


@cache
def _overlay() -> dict[str, Any] | None:
    """The file's content; None if ISTHMUS_TRUST is not set."""
    path = os.environ.get("ISTHMUS_TRUST")
    if not path:
        return None
    values = json.loads(Path(path).read_text())
    if not isinstance(values, dict):
        raise TypeError
    return values
