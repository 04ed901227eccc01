"""What was measured, kept as JSON: one file for each part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"


def keep(part: str, result: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write it, all at once."""
    folder.mkdir(exist_ok=True)
    target = folder / f"{part}.json"
    draft = target.with_suffix(".draft")
    draft.write_text(json.dumps(result, indent=1) + "\n")
    draft.replace(target)
    return target


def known(part: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The last result; {} where that part was not measured yet."""
    file = folder / f"{part}.json"
    loaded: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return loaded
