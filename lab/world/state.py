"""A run's folder and state, and the record of everything made outside it, written first so that nothing is left behind."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster.model import Cluster
from lab.commands import run
from lab.failures import LabError
from lab.interrupts import uninterrupted
from lab.polling import wait_until
from lab.world.network import namespaces, processes

ROOT = Path("/var/lib/isthmus-lab")
RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,19}$")
PROJECT = Path(__file__).resolve().parents[2]


def run_id(inventory: Path) -> str:
    """The default run id of an inventory: a readable word and a hash of its path."""
    path = inventory.resolve()
    word = path.stem if path.stem != "inventory" else path.parent.name
    readable = re.sub(r"[^a-z0-9]+", "", word.lower())[:10] or "lab"
    return f"{readable}-{hashlib.sha256(str(path).encode()).hexdigest()[:4]}"


class Run:
    """One lab of this machine, up or half-made."""

    def __init__(self, name: str) -> None:
        if not RUN_ID.match(name):
            raise LabError(f"--run {name}", "is no run id", "it is part of names", "use up to 20 of a-z, 0-9 and -")
        self.name = name
        self.folder = ROOT / name
        self.record_file = self.folder / "made.jsonl"
        self.state_file = self.folder / "state.json"

    @property
    def exists(self) -> bool:
        """Whether its folder exists."""
        return self.folder.exists()

    @property
    def state(self) -> dict[str, Any]:
        """The run's state; {} until it is up."""
        return json.loads(self.state_file.read_text()) if self.state_file.exists() else {}

    def update(self, **values: Any) -> None:
        """Change values of the state, atomically."""
        draft = self.state_file.with_suffix(".draft")
        draft.write_text(json.dumps({**self.state, **values}, indent=1))
        draft.replace(self.state_file)

    def host_folder(self, name: str) -> Path:
        """The folder of a host's disk and logs."""
        return self.folder / "hosts" / name

    def create(self, cluster: Cluster) -> None:
        """Create the folder, with the cluster as declared now."""
        self.folder.mkdir(parents=True, mode=0o755)
        self.save_cluster(cluster)

    def save_cluster(self, cluster: Cluster) -> None:
        """Write the cluster that the lab is made for. A key that is absent stays absent: some may not be written as None."""
        (self.folder / "cluster.json").write_text(cluster.model_dump_json(exclude_none=True))

    def cluster(self) -> Cluster:
        """The cluster that the lab was made for; LabError if it is not up."""
        file = self.folder / "cluster.json"
        if not file.exists():
            raise LabError(
                f"lab {self.name}", "is not up", "nothing was booted for this inventory", "run `python -m lab up`"
            )
        return Cluster.model_validate_json(file.read_text())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock; LabError if another process has it."""
        ROOT.mkdir(parents=True, exist_ok=True)
        file = ROOT / f".{self.name}.lock"
        with file.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LabError(
                    f"lab {self.name}", "is being changed by another process", "two can't change it at once",
                    "wait for the other `python -m lab`",
                ) from None  # fmt: skip
            try:
                yield
            finally:
                if not self.exists:
                    file.unlink(missing_ok=True)

    def record(self, kind: str, name: str, **details: Any) -> None:
        """Record something that is about to be made, or a running process."""
        with self.record_file.open("a") as file:
            file.write(json.dumps({"kind": kind, "name": name, **details}) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """The records, in order."""
        if not self.record_file.exists():
            return []
        return [json.loads(line) for line in self.record_file.read_text().splitlines() if line.endswith("}")]

    def namespace(self, name: str) -> None:
        """Create a network namespace."""
        self.record("namespace", name)
        run(["ip", "netns", "add", name])

    def start(
        self, name: str, command: Sequence[str | Path], namespace: str | None = None, piped: bool = False
    ) -> subprocess.Popen[str]:
        """Start a background program; its output goes to NAME.log, or with `piped` to the caller (standard output only)."""
        words = [*(["ip", "netns", "exec", namespace] if namespace else []), *map(str, command)]
        with (self.folder / f"{name}.log").open("a") as log, uninterrupted():
            process = subprocess.Popen(
                words, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if piped else log, stderr=log, text=True, start_new_session=True,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )  # fmt: skip
            self.record("process", name, pid=process.pid, started=process_start(process.pid))
        return process

    def stop(self, name: str) -> None:
        """End the background programs of this name."""
        for entry in self.records():
            if entry["kind"] == "process" and entry["name"] == name:
                end_process(entry["pid"], entry["started"])

    def runs(self, name: str) -> int | None:
        """The process id of the background program of this name; None if none runs."""
        for entry in reversed(self.records()):
            if entry["kind"] == "process" and entry["name"] == name:
                pid = int(entry["pid"])
                return pid if process_start(pid) == entry["started"] and not is_dead(pid) else None
        return None

    def remove(self) -> None:
        """Undo all records, the latest first, and remove the folder. It does not matter what is already gone."""
        entries = list({(entry["kind"], entry["name"], entry.get("pid")): entry for entry in self.records()}.values())
        for entry in reversed(entries):
            if entry["kind"] == "container":
                remove_container(self.folder / "lxc", entry["name"])
            elif entry["kind"] == "process":
                end_process(entry["pid"], entry["started"])
        for entry in reversed(entries):
            if entry["kind"] == "namespace":
                remove_namespace(entry["name"])
            elif entry["kind"] == "folder":
                run(["rm", "-rf", "--one-file-system", entry["name"]])
        run(["rm", "-rf", "--one-file-system", self.folder])


def process_start(pid: int) -> str | None:
    """The kernel's start time of a process; pid and start time identify a process. None if it does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def end_process(pid: int, when: str | None) -> None:
    """End a process by SIGTERM, then by SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if when is None or process_start(pid) != when or is_dead(pid):
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        wait_until(lambda: process_start(pid) != when or is_dead(pid), 5)


def is_dead(pid: int) -> bool:
    """Whether a process is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def remove_container(folder: Path, name: str) -> None:
    """Kill a container, if it runs."""
    if (folder / name).exists():
        run(["lxc-stop", "-P", folder, "-n", name, "-k"], check=False)


def remove_namespace(name: str) -> None:
    """End the processes in a network namespace, then remove it."""
    if name not in namespaces():
        return
    for pid in processes(name):
        end_process(pid, process_start(pid))
    run(["ip", "netns", "delete", name], check=False)
