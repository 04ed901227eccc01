"""Plain values: text, numbers, None, addresses, and lists and mappings of them. Everything else may do anything when it is looked at."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

DEEPEST, MOST, LARGEST = 6, 2000, 2**64


class Odd(ValueError):
    """A value that is no plain one; its message completes "it is …"."""


def plain(value: Any) -> Any:
    """A copy of the value that consists of Python's own types only; raises Odd if it can't be had, also for one without end."""
    return _copy(value, 0, [0])


def _copy(value: Any, depth: int, seen: list[int]) -> Any:
    seen[0] += 1
    if seen[0] > MOST:
        raise Odd(f"of more than {MOST} parts")
    if value is None or type(value) in (bool, IPv4Address, IPv4Network):
        return value
    if isinstance(value, str | int | float):
        return _scalar(value)
    if depth == DEEPEST:
        raise Odd(f"nested deeper than {DEEPEST} levels, or contains itself")
    if isinstance(value, list):
        return [_copy(item, depth + 1, seen) for item in list.__iter__(value)]
    if isinstance(value, tuple):
        return tuple(_copy(item, depth + 1, seen) for item in tuple.__iter__(value))
    if isinstance(value, dict):
        pairs = dict.items(value)
        return {_copy(key, depth + 1, seen): _copy(item, depth + 1, seen) for key, item in pairs}
    if type(value) in (set, frozenset):
        # In one order, so that two hosts of a group have equal values.
        return tuple(sorted((_copy(item, depth + 1, seen) for item in value), key=repr))
    raise Odd(f"a {type(value).__name__}, and no plain Python value")


def _scalar(value: Any) -> Any:
    """The value without what a subclass made of it: an enumeration's member is its text."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float.__float__(value)
    number = int.__int__(value)
    if abs(number) > LARGEST:
        raise Odd("a number of more than 19 digits")
    return number
