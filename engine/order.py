"""The order of operations, found without reading source files: with many hosts, most of the planning's time went there."""

from __future__ import annotations

import sys
from types import FrameType

import pyinfra
from pyinfra.api import State
from pyinfra.api.util import PYINFRA_INSTALL_DIR


def order_by_line_numbers() -> None:
    """Have this process find an operation's place without looking for the source of every frame, as pyinfra does."""
    # As an attribute of pyinfra.api, the name is the decorator.
    sys.modules["pyinfra.api.operation"].get_operation_order_from_stack = place  # type: ignore[attr-defined]


def place(state: State) -> list[int]:
    """What pyinfra's `get_operation_order_from_stack` gives: the lines from the deploy file down to here, without pyinfra's own."""
    frames = _frames()
    entry = state.current_deploy_filename
    files = [frame.f_code.co_filename for frame in frames]
    begin = files.index(entry) if entry in files else len(files) - 1 if entry else 0
    lines = [frame.f_lineno for frame in frames[begin:] if not frame.f_code.co_filename.startswith(PYINFRA_INSTALL_DIR)]
    return [state.current_op_file_number, *lines] if pyinfra.is_cli else lines


def _frames() -> list[FrameType]:
    """The stack above `place`, outermost first."""
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame:
        found.append(frame)
        frame = frame.f_back
    return found[::-1]
