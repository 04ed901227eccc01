"""A root shell on a virtual machine's second console: `python -m lab.world.shell HOST SOCKET`."""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import sys
import termios
import tty
from pathlib import Path

LEAVE = b"\x1d"  # Ctrl-]
HINT = "The second console of {name}; Ctrl-] leaves it."


def relay(connection: socket.socket) -> None:
    """Pass on what is typed and what is printed, until LEAVE is typed or one end closes."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is connection:
                    if not (shown := connection.recv(1 << 16)):
                        return
                    os.write(sys.stdout.fileno(), shown)
                    continue
                typed = os.read(sys.stdin.fileno(), 1 << 12)
                connection.sendall(typed.partition(LEAVE)[0])
                if not typed or LEAVE in typed:
                    return


def main(name: str, path: Path) -> int:
    """0 when the console is left; 1 if the machine is off."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            print(f"host {name} is off: {error}", file=sys.stderr)
            return 1
        print(HINT.format(name=name), flush=True)
        size = shutil.get_terminal_size()
        # The first line end starts the shell, or another prompt of one that was left.
        connection.sendall(f"\n stty rows {size.lines} cols {size.columns}\n".encode())
        if not sys.stdin.isatty():
            relay(connection)
            return 0
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setraw(sys.stdin)
            relay(connection)
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
