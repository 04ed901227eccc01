"""Load an inventory's model outside a pyinfra run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from cluster.inventory.declare import declare
from cluster.model import Cluster

PROJECT = Path(__file__).resolve().parent.parent


def load(inventory: Path) -> Cluster:
    """The declared cluster of an inventory file; ModelError with all problems if it is wrong.

    pyinfra itself merges hosts, groups and group data, in a process of its own: its import patches sockets and threads.
    """
    command = [sys.executable, "-m", "engine.inventory", str(inventory.resolve())]
    merged = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return declare(json.loads(merged))
