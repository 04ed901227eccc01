"""Emulate a link with delay and loss between two interfaces of this network namespace: python -m lab.world.netem FAR NEAR MS PERCENT

For kernels without netem. Frames pass unsegmented, up to 64 KB: PACKET_VNET_HDR passes their offloads on, so forty segments
cost one read and one write.
"""

from __future__ import annotations

import random
import select
import socket
import struct
import sys
from collections import deque
from time import monotonic

ETH_P_ALL = 3
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
BUFFER = 16 << 20
LONGEST = 66000
BATCH = 64
QUEUE = 1 << 28  # bytes in flight in one direction


class Direction:
    """Frames from one end to the other. `delay` in seconds, the same for all, so the queue stays in order; `loss` from 0 to 1."""

    def __init__(self, source: socket.socket, target: socket.socket, delay: float, loss: float) -> None:
        self.source = source
        self.target = target
        self.delay = delay
        self.loss = loss
        self.queue: deque[tuple[float, bytes]] = deque()
        self.queued = 0

    def receive(self) -> None:
        """Read up to BATCH frames into the queue."""
        due = monotonic() + self.delay
        for _ in range(BATCH):
            try:
                frame = self.source.recv(LONGEST)
            except BlockingIOError:
                return
            except OSError:  # the interface was down for a moment
                return
            if self.queued < QUEUE and not (self.loss and random.random() < self.loss):  # noqa: S311
                self.queue.append((due, frame))
                self.queued += len(frame)

    def transmit(self) -> None:
        """Send the frames that are due; a frame that the other end can't take is lost, as on a real link."""
        now = monotonic()
        while self.queue and self.queue[0][0] <= now:
            frame = self.queue.popleft()[1]
            self.queued -= len(frame)
            try:
                self.target.send(frame)
            except OSError:
                continue


def open_socket(interface: str) -> socket.socket:
    """A raw packet socket on an interface."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    made.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    made.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, struct.pack("i", 1))
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    made.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER)
    made.bind((interface, ETH_P_ALL))
    made.setblocking(False)
    return made


def forward(far: str, near: str, delay: float, loss: float) -> None:
    """Forward frames both ways until the process is killed."""
    outer, inner = open_socket(far), open_socket(near)
    directions = {outer: Direction(outer, inner, delay, loss), inner: Direction(inner, outer, delay, loss)}
    print("ready", flush=True)
    while True:
        heads = [direction.queue[0][0] for direction in directions.values() if direction.queue]
        wait = max(0.0, min(heads) - monotonic()) if heads else None
        for ready in select.select(list(directions), (), (), wait)[0]:
            directions[ready].receive()
        for direction in directions.values():
            direction.transmit()


if __name__ == "__main__":
    forward(sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1000, float(sys.argv[4]) / 100)
