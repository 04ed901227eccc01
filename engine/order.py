"""The order of operations, by the lines of the deploy file and of what it calls."""

from __future__ import annotations

import sys
from types import FrameType

import pyinfra
from pyinfra.api import State
from pyinfra.api.util import PYINFRA_INSTALL_DIR


def place(state: State) -> list[int]:
    """The same as pyinfra's `get_operation_order_from_stack`: the lines from the deploy file down to here, without pyinfra's own."""
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
