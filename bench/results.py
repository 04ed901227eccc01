"""The results as JSON: a file for each part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"


def save(part: str, result: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write a part's results, atomically."""
    folder.mkdir(exist_ok=True)
    target = folder / f"{part}.json"
    draft = target.with_suffix(".draft")
    draft.write_text(json.dumps(result, indent=1) + "\n")
    draft.replace(target)
    return target


def load(part: str, folder: Path = FOLDER) -> dict[str, Any]:
    """A part's latest results; {} if it was not measured yet."""
    file = folder / f"{part}.json"
    loaded: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return loaded
