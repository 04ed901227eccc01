"""Load an inventory's model outside a pyinfra run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cluster.inventory.declare import declare
from cluster.model import Cluster

PROJECT = Path(__file__).resolve().parent.parent


def load(inventory: Path) -> Cluster:
    """The declared cluster of an inventory file; ModelError with all problems if it is wrong."""
    return declare(merged(inventory))


def merged(inventory: Path) -> dict[str, dict[str, Any]]:
    """Host name → its own and its groups' data, pyinfra's own keys (`ssh_key`, `_sudo` …) among them.

    pyinfra itself merges them, in a process of its own: its import patches sockets and threads.
    """
    command = [sys.executable, "-m", "engine.inventory", str(inventory.resolve())]
    output = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout
    data: dict[str, dict[str, Any]] = json.loads(output)
    return data
