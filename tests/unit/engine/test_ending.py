"""The last message of a run is about the operator's things, and an interrupted run has not succeeded."""

from __future__ import annotations

import signal
import sys

import pytest

from engine.ending import FAILED, own_words
from tests.unit.engine.sshd import Network, network

__all__ = ["network"]
SILENT_SERVER = "import socket\ns=socket.create_server(('127.0.0.1',2201))\nkept=[]\nwhile 1: kept.append(s.accept())"


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        ("--> pyinfra error in /home/me/isthmus/engine/inventory.py line 46: 2 problems in the inventory", None),
        ("--> \x1b[31m\x1b[1mpyinfra error in engine/connect.py line 9\x1b[0m: 2 problems in the inventory", None),
        ("--> pyinfra error: 2 problems in the inventory\n  den", "--> 2 problems in the inventory\n  den"),
        ("--> pyinfra error in x.py line 5: Over 0% of hosts failed (50%)", f"--> {FAILED}"),
        ("--> pyinfra error in x.py line 5: No hosts remaining!", f"--> {FAILED}"),
        ("--> Connecting to hosts...", "--> Connecting to hosts..."),
        ("--> Starting operation: show an error in red: yes", "--> Starting operation: show an error in red: yes"),
    ],
)
def test_the_place_in_the_code_is_left_out(printed: str, left: str | None) -> None:
    assert own_words(printed) == (left or "--> 2 problems in the inventory")


def test_an_interrupted_run_has_not_succeeded(network: Network) -> None:
    network.start(sys.executable, "-c", SILENT_SERVER, port=2201)
    inventory = network.inventory({"den": {"ssh_hostname": "127.0.0.1", "ssh_port": 2201, "ssh_key": str(network.key)}})
    running = network.begin(str(inventory), "deploy.py", "--dry")
    assert running.stderr is not None
    before = "".join(iter(lambda: line(running.stderr), "--> Connecting to hosts...\n"))
    running.send_signal(signal.SIGINT)
    printed = before + running.stderr.read()
    assert running.wait(20) == 130, printed
    assert "Interrupted: the run has ended before it was complete" in printed
    assert "Traceback" not in printed


def test_a_run_that_waits_for_a_host_ends_as_well(network: Network) -> None:
    network.listen(2201)
    inventory = network.inventory({"den": {"ssh_hostname": "127.0.0.1", "ssh_port": 2201, "ssh_key": str(network.key)}})
    running = network.begin(str(inventory), "-y", "exec", "--", "sleep 300")
    assert running.stderr is not None
    while "Starting operation" not in line(running.stderr):
        pass
    running.send_signal(signal.SIGINT)
    assert running.wait(15) == 130, running.stderr.read()


def line(stream: object) -> str:
    found = str(stream.readline())  # type: ignore[attr-defined]
    assert found, "the run has ended by itself"
    return found
