"""Where tests find what they read."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CASES = PROJECT / "tests" / "cases"
INVENTORIES = PROJECT / "tests" / "inventories"
