"""How a key of the inventory is described: at its field, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Key:
    """What messages and docs/inventory.md need to know of a key.

    `expects` completes "write …", `why` is what depends on the key, `example` is Python.
    `absent` is the default in words, if it depends on other keys; empty: the field's default is the whole truth.
    `entry` describes one entry of a mapping. The value of a secret is in no message.
    """

    expects: str
    why: str
    example: str
    absent: str = ""
    entry: Key | None = None
    is_secret: bool = False


def one_of(options: object) -> str:
    """`a, b or c` from `Literal["a", "b", "c"]`, for a key that has one of few values."""
    *others, last = get_args(options)
    return f"{', '.join(others)} or {last}"


def any_of(options: object) -> str:
    """`any of a, b, c` from `Literal["a", "b", "c"]`, for a key that has several of few values."""
    return f"any of {', '.join(get_args(options))}"


class Declared(BaseModel):
    """Frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def to_json(self) -> dict[str, object]:
        """Plain values, for pyinfra's --json and debug-inventory."""
        return self.model_dump(mode="json")
