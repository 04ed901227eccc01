"""Every way in which SSH can fail, all at once, against real servers: four parts each, exit code 1, no traceback, nothing of ours first."""

from __future__ import annotations

import re
import sys

from tests.unit.engine.sshd import SILENT, UNREACHABLE, Network, network

__all__ = ["network"]
# Accepts connections and never speaks, or ends them at once.
SILENT_SERVER = (
    "import socket,time\ns=socket.create_server(('127.0.0.1',{port}))\nkept=[]\nwhile 1: kept.append(s.accept())"
)
CLOSING_SERVER = "import socket\ns=socket.create_server(('127.0.0.1',{port}))\nwhile 1: s.accept()[0].close()"
WEB_SERVER = (
    "import socket\ns=socket.create_server(('127.0.0.1',{port}))\n"
    "while 1:\n c=s.accept()[0]; c.sendall(b'HTTP/1.0 400 Bad Request\\r\\n\\r\\n'); c.recv(99); c.close()"
)
HERE = "127.0.0.1"


def test_twelve_failures_at_once(network: Network) -> None:
    wrong, locked = network.new_key("wrong"), network.new_key("locked", "passphrase")
    known = network.folder / "known"
    for port in (2201, 2202, 2203, 2204, 2205):
        network.listen(port)
    for port, program in ((2211, SILENT_SERVER), (2212, CLOSING_SERVER), (2213, WEB_SERVER)):
        network.start(sys.executable, "-c", program.format(port=port), port=port)
    known.write_text(f"[{HERE}]:2204 {(network.folder / 'wrong.pub').read_text()}")
    (network.folder / "empty").write_text("")
    key = {"ssh_key": str(network.key), "ssh_hostname": HERE}
    hosts = {
        "refused": {**key, "ssh_port": 2299},
        "timed": {**key, "ssh_hostname": SILENT},
        "routeless": {**key, "ssh_hostname": UNREACHABLE},
        "nameless": {**key, "ssh_hostname": "nowhere.invalid"},
        "silent": {**key, "ssh_port": 2211},
        "closed": {**key, "ssh_port": 2212},
        "web": {**key, "ssh_port": 2213},
        "stranger": {**key, "ssh_port": 2201, "ssh_key": str(wrong)},
        "nobody": {**key, "ssh_port": 2202, "ssh_user": "nosuchuser", "_sudo": True},
        "unknown": {
            **key,
            "ssh_port": 2203,
            "ssh_strict_host_key_checking": "yes",
            "ssh_known_hosts_file": str(network.folder / "empty"),
        },
        "changed": {**key, "ssh_port": 2204, "ssh_known_hosts_file": str(known)},
        "locked": {**key, "ssh_port": 2205, "ssh_key": str(locked)},
    }
    done = network.pyinfra(str(network.inventory(hosts)), "deploy.py", "--dry")
    printed = done.stdout + done.stderr
    assert done.returncode == 1, printed
    assert "Traceback" not in printed
    assert "12 problems in the hosts; nothing was changed" in printed
    for name, what in {
        "refused": "127.0.0.1 refuses connections to port 2299",
        "timed": f"{SILENT} does not answer on port 22",
        "routeless": f"there is no route to {UNREACHABLE}",
        "nameless": "the name nowhere.invalid does not resolve",
        "silent": "is no SSH server that answers (no greeting",
        "closed": "closes the connection to port 2212 before the login",
        "web": "closes the connection to port 2213 before the login",
        "stranger": "the server refuses the login as root",
        "nobody": "the server refuses the login as nosuchuser",
        "unknown": "its host key is not in",
        "changed": "its host key is another one than in",
        "locked": f"the key {locked} has a passphrase, and no SSH agent holds it",
    }.items():
        part = re.search(rf"^ *{name} SSH\n( +what .*\n +why .*\n +fix .*\n?)", printed, re.M)
        assert part, printed
        assert what in part[1]
    assert not re.search(r"line \d+|\.py\b(?!\s*--dry)", printed.split("12 problems")[1].split("nameless")[0])


def test_a_task_and_verify_name_the_same_failures(network: Network) -> None:
    key = {"ssh_key": str(network.key), "ssh_hostname": HERE}
    inventory = str(network.inventory({"den": {**key, "ssh_port": 2298}, "attic": {**key, "ssh_port": 2299}}))
    task = network.pyinfra(inventory, "tasks/rotate_keys.py", "-y")
    assert (task.returncode, "2 problems in the hosts; nothing was changed" in task.stderr) == (1, True), task.stderr
    assert "--exclude attic" in task.stderr
    assert "--exclude den" not in task.stderr, "without the coordinator there is nothing to do"
    verify = network.pyinfra(inventory, "verify.py")
    assert verify.returncode == 2, verify.stderr
    assert "den SSH\n      what  127.0.0.1 refuses connections to port 2298" in verify.stderr
    assert "0 of 2 hosts could be reached: nothing was measured" in verify.stderr


def test_the_first_question_brings_all_others_of_the_last_run_along(network: Network) -> None:
    network.listen(2201)
    inventory = network.inventory({"den": {"ssh_hostname": HERE, "ssh_port": 2201, "ssh_key": str(network.key)}})
    runs = [network.pyinfra(str(inventory), "deploy.py", "--dry", "--debug") for _ in range(2)]
    first, second = ([line for line in run.stderr.splitlines() if "Running command on den" in line] for run in runs)
    assert [run.returncode for run in runs] == [1, 1], "this machine is no host: it is refused"
    assert "uid" in first[0]
    assert second[0].endswith("sh -s'"), "a batch, as standard input"
    assert not [line for line in second if "uid" in line]
    assert len(second) < len(first) / 2
