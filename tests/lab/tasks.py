"""How the tests of the tasks ask for a preview, run a task, kill it, and see what it has done."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.lab.conftest import Changes, Rehearsal, Result
from tests.places import PROJECT

BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
DAY_TWO = PROJECT / "tests" / "inventories" / "day-two" / "inventory.py"


def plan(world: Rehearsal, task: str, *arguments: str) -> Changes:
    """What a preview of the task lists."""
    return world.previewed(f"tasks/{task}.py", *said(arguments))


def run(world: Rehearsal, task: str, *arguments: str) -> Result:
    return world.pyinfra("-y", f"tasks/{task}.py", *said(arguments))


def said(arguments: tuple[str, ...]) -> list[str]:
    return [word for argument in arguments for word in ("--data", argument)]


def does_what_it_previews(world: Rehearsal, task: str, *arguments: str, confirm: str = "") -> None:
    """A preview lists something, the run does it, and a second preview and run find nothing to do."""
    does_exactly_what_it_previews(world, task, *arguments, confirm=confirm)
    assert plan(world, task, *arguments) == {}


def does_exactly_what_it_previews(world: Rehearsal, task: str, *arguments: str, confirm: str = "") -> Changes:
    """A preview lists something, which is returned, and the run does that, on those hosts."""
    yes = (f"yes={confirm}",) if confirm else ()
    foreseen = plan(world, task, *arguments)
    assert foreseen
    done = world.changed(f"tasks/{task}.py", *said((*arguments, *yes)))
    assert done == foreseen
    assert list(done) == list(foreseen)
    return foreseen


# What a host that joins changes on others: its name, and what coordinator and API know of it.
OF_A_NEWCOMER = {
    "Write the tailnet's policy",
    "Run headscale",
    "Write all hosts' names",
    "Delete the join tokens",
    "Label and taint the nodes",
}
# For sh: what a reset should have taken away.
LEFT = (
    "for l in cni0 flannel.1 tailscale0; do ip link show $l 2>/dev/null; done; apt-mark showhold; "
    "find / -xdev \\( -path /proc -o -path /sys -o -path /var/log -o -path /var/lib/dpkg \\) -prune -o -iname '*isthmus*' ! -name 'isthmus-lab.*' -print; "
    "ls -d /etc/kubernetes /var/lib/cni/networks/cbr0 /run/flannel /var/lib/tailscale /etc/headscale 2>/dev/null; "
    "ls -A /var/lib/kubelet /var/lib/etcd 2>/dev/null | grep -v ':$' | grep .; grep isthmus /etc/hosts /etc/fstab /etc/iptables/rules.v4 2>/dev/null; true"
)
# Tasks that leave a cluster as it was, in an order in which one makes good what the other did; with what each is told.
VERBS = {
    "drain": ("host={node}",),
    "uncordon": ("host={node}",),
    "kubeconfig": ("user=ann", "role=view"),
    "rotate_join_token": (),
    "collect": (),
    "pull_images": (),
    "renew_certificates": ("days=365",),
    "rotate_keys": (),
    "rebuild_headscale": (),
    "reinstall_pod_network": (),
}
NAMED = ("rebuild_headscale", "reinstall_pod_network")


def told(world: Rehearsal, task: str) -> tuple[str, ...]:
    """What the task of VERBS is told in this world."""
    return tuple(argument.format(node=world.cluster.nodes[-1].name) for argument in VERBS[task])


def verb_does_what_it_previews(world: Rehearsal, task: str) -> None:
    """Preview, run, and a cluster that is as well as before; what is an event may have nothing to do."""
    confirm = world.cluster.cluster_name if task in NAMED else ""
    if task == "rotate_join_token":
        world.on(world.cluster.control_planes[0], "kubeadm token create > /dev/null")
    if task == "pull_images":
        assert run(world, task).returncode == 0
        assert plan(world, task) == {}
    else:
        does_exactly_what_it_previews(world, task, *told(world, task), confirm=confirm)
    if task != "drain":
        world.must("verify", "--wait", "120", timeout=600)
        assert world.previewed() == {}


def kubectl(world: Rehearsal, words: str) -> str:
    return world.on(
        world.cluster.control_planes[0],
        f"kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/isthmus-kubectl {words}",
    ).stdout


def a_worker(world: Rehearsal) -> str:
    """A worker behind the router that masquerades, with another program's chains."""
    return next(host.name for host in world.cluster.nodes if host.site.nat == "masquerade")


def wait_for_ssh(world: Rehearsal, host: str) -> None:
    deadline = time.monotonic() + 120
    while world.lab("operator", "--", "ssh", "-o", "ConnectTimeout=5", host, "true").returncode:
        assert time.monotonic() < deadline, f"{host} does not answer"


def comes_back(world: Rehearsal, leaver: str) -> None:
    """A deploy takes it in again, as previewed, and changes on other hosts only what they have to know of it."""
    joining = world.previewed()
    assert world.changed() == joining
    assert {name.partition(" | ")[2] for name, hosts in joining.items() if hosts - {leaver}} <= OF_A_NEWCOMER
    world.must("verify", "--wait", "120", timeout=600)


def without(leaver: str, folder: Path) -> Path:
    """The inventory without its last group, which has that host alone."""
    shutil.copytree(DAY_TWO.parent / "group_data", folder / "group_data")
    text = DAY_TWO.read_text()
    kept, last = text[: text.rindex("\n\n")], text[text.rindex("\n\n") :]
    assert f'"{leaver}"' in last
    assert f'"{leaver}"' not in kept
    (folder / "inventory.py").write_text(f"{kept}\n")
    return folder / "inventory.py"


def killed_at_each(world: Rehearsal, task: str, *arguments: str, at_least: int = 10) -> None:
    """Run the task again and again, killed when its first operation starts, its second …, until it comes to its end."""
    count = 1
    while killed_at(world, count, task, *arguments):
        count += 1
    print(f"{task} was killed at {count - 1} operations")
    assert count > at_least


def killed_at(world: Rehearsal, moment: int | str, task: str, *arguments: str) -> bool:
    """Run the task, and kill pyinfra without warning when an operation starts: the one of that name, or the first, second …

    False where it ended before.
    """
    call = [*world.words("operator"), "--", "pyinfra", str(world.inventory), "-y", f"tasks/{task}.py", *said(arguments)]
    with subprocess.Popen(
        call, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as running:
        started = 0
        for line in running.stdout or ():
            world.outputs.append(line)
            begins = "Starting " in line and "operation:" in line
            started += begins
            if started == moment or (begins and f"| {moment}" in line):
                os.killpg(running.pid, signal.SIGKILL)
                return True
        assert running.wait() == 0, "".join(world.outputs[-40:])
        return False
