"""How the tests of the tasks ask for a preview, run a task, kill it, and see what it has done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

from tests.lab.conftest import PROJECT, Rehearsal, Result

BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
DAY_TWO = PROJECT / "tests" / "inventories" / "day-two" / "inventory.py"


def plan(world: Rehearsal, task: str, *arguments: str) -> list[str]:
    """What a preview of the task lists."""
    result = world.pyinfra(f"tasks/{task}.py", *said(arguments), "--dry", "--json")
    assert result.returncode == 0, result.output[-4000:]
    return [step["name"] for step in json.loads(result.stdout)["plan"] if step["hosts_with_change"]]


def run(world: Rehearsal, task: str, *arguments: str) -> Result:
    return world.pyinfra("-y", f"tasks/{task}.py", *said(arguments))


def said(arguments: tuple[str, ...]) -> list[str]:
    return [word for argument in arguments for word in ("--data", argument)]


def does_what_it_previews(world: Rehearsal, task: str, *arguments: str, confirm: str = "") -> None:
    """A preview lists something, the run does it, and a second preview and run find nothing to do."""
    does_exactly_what_it_previews(world, task, *arguments, confirm=confirm)
    assert plan(world, task, *arguments) == []


def does_exactly_what_it_previews(world: Rehearsal, task: str, *arguments: str, confirm: str = "") -> list[str]:
    """A preview lists something, which is returned, and the run does that."""
    yes = (f"yes={confirm}",) if confirm else ()
    foreseen = plan(world, task, *arguments)
    assert foreseen
    result = world.pyinfra("-y", "--json", f"tasks/{task}.py", *said((*arguments, *yes)))
    assert result.returncode == 0, result.output[-6000:]
    operations = json.loads(result.stdout[result.stdout.index("{") :])["results"]["operations"]
    assert [operation["name"] for operation in operations if operation["success"]] == foreseen
    return foreseen


def kubectl(world: Rehearsal, words: str) -> str:
    return world.on(world.cluster.control_planes[0], f"kubectl --kubeconfig /etc/kubernetes/admin.conf {words}").stdout


def a_worker(world: Rehearsal) -> str:
    """A worker behind the router that masquerades, with another program's chains."""
    return next(host.name for host in world.cluster.nodes if host.site.nat == "masquerade")


def wait_for_ssh(world: Rehearsal, host: str) -> None:
    deadline = time.monotonic() + 120
    while world.lab("operator", "--", "ssh", "-o", "ConnectTimeout=5", host, "true").returncode:
        assert time.monotonic() < deadline, f"{host} does not answer"


def killed_at(world: Rehearsal, count: int, task: str, *arguments: str) -> bool:
    """Run the task, and kill pyinfra without warning when its `count`th operation starts; False where it ended before."""
    words = [
        *world.words("operator"),
        "--",
        "pyinfra",
        str(world.inventory),
        "-y",
        f"tasks/{task}.py",
        *said(arguments),
    ]
    with subprocess.Popen(
        words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as running:
        started = 0
        for line in running.stdout or ():
            world.outputs.append(line)
            started += "Starting " in line and "operation:" in line
            if started == count:
                os.killpg(running.pid, signal.SIGKILL)
                return True
        assert running.wait() == 0
        return False
