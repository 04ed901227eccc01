"""The same through pyinfra itself: exit code 1, a message, and no host was contacted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.places import PROJECT

PYINFRA = Path(sys.executable).with_name("pyinfra")
INVENTORIES = PROJECT / "tests" / "inventories"

HOSTS = """
cloud = [
    ("hub", {"roles": ("coordinator", "control_plane"), "lan_address": "10.1.0.2", "public_address": "203.0.113.2"}),
    ("limb", {"lan_address": "10.1.0.3", "public_address": "203.0.113.3"}),
]
"""
ALL = 'coordination_name = "mesh.example.org"\nacme_email = "ops@example.org"\n'
CLOUD = 'site = "cloud"\nlan = "10.1.0.0/24"\nnat = "one_to_one"\n'
SYNTAX = """\
    what  it is no Python: '(' was never closed
      why   the inventory and its group data are Python files
      fix   correct the line"""
STRAY = """\
  stray.site
      what  nothing says in which network it stands: site, lan and nat are missing"""
RAISED = """\
      what  it raises NameError: name 'secret' is not defined
      why   the inventory is read whole before any host is contacted
      fix   correct the line"""
TWICE = """\
  inventory.py limb
      what  the host is written 2 times"""
IGNORED = """\
      what  an entry of cloud is neither a name nor a pair of name and data
      why   pyinfra would leave out the whole group"""
CERTIFICATE = """\
tls/mesh.key is not a file
      why   nginx on the gateway gets it from the operator's machine"""
CASES = {
    "wrong_address": (
        HOSTS.replace("10.1.0.3", "10.9.0.3"),
        ALL,
        CLOUD,
        "10.9.0.3 is not in 10.1.0.0/24, the LAN of site cloud",
    ),
    "no_python": ("cloud = (", ALL, CLOUD, SYNTAX),
    "group_data_raise": (HOSTS, ALL, f"{CLOUD}image = secret\n", RAISED),
    "inventory_raises": (f"{HOSTS}\nhome = secret\n", ALL, CLOUD, RAISED),
    "inventory_ends_the_program": (
        f"{HOSTS}\nexit()\n",
        ALL,
        CLOUD,
        "it ends the program (exit, sys.exit or SystemExit)",
    ),
    "group_data_end_the_program": (HOSTS, f"{ALL}raise SystemExit(0)\n", CLOUD, "it ends the program"),
    "host_in_no_group_with_a_site": (f'{HOSTS}\nstray = ["stray"]\n', ALL, CLOUD, STRAY),
    "host_twice": (HOSTS.replace("hub", "limb"), ALL, CLOUD, TWICE),
    "entry_ignored": (HOSTS.replace("cloud = [", "cloud = [\n    {},"), ALL, CLOUD, IGNORED),
    "data_is_no_mapping": (HOSTS.replace("cloud = [", 'cloud = [\n    ("x", str),'), ALL, CLOUD, "problem"),
    "exit": ("exit()", ALL, CLOUD, "it ends the program (exit"),
    "control_characters": (
        HOSTS.replace("limb", "li\\x1b[2J\\u202emb"),
        ALL,
        CLOUD,
        "li\\x1b[2J\\u202emb\n      what  the name has other characters",
    ),
    "no_group_is_a_list": ('cloud = {"hub": {}}\n', ALL, CLOUD, "it names no host"),
    "certificate_absent": (
        HOSTS,
        f'{ALL}certificate = {{"certificate": "tls/mesh.crt", "key": "tls/mesh.key"}}\n',
        CLOUD,
        CERTIFICATE,
    ),
}


def pyinfra(*arguments: str, environment: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYINFRA, *arguments],
        cwd=PROJECT,
        text=True,
        capture_output=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def is_refused(run: subprocess.CompletedProcess[str], message: str) -> None:
    told = run.stdout + run.stderr
    assert run.returncode == 1, told
    assert message in told
    assert "Connecting" not in told
    first = next(line for line in told.splitlines() if line.startswith("--> ") and not line.endswith("..."))
    assert str(PROJECT / "engine") not in first
    assert "Traceback" not in told
    assert "pyinfra error" not in told


@pytest.mark.parametrize("case", CASES)
def test_wrong_files(case: str, tmp_path: Path) -> None:
    hosts, everybody, cloud, message = CASES[case]
    (tmp_path / "group_data").mkdir()
    (tmp_path / "inventory.py").write_text(hosts)
    (tmp_path / "group_data" / "all.py").write_text(everybody)
    (tmp_path / "group_data" / "cloud.py").write_text(cloud)
    is_refused(pyinfra(str(tmp_path / "inventory.py"), "deploy.py", "-y"), message)


@pytest.mark.parametrize("inventory", ["absent.py", "hub,limb", "@local"])
def test_no_file(inventory: str) -> None:
    is_refused(pyinfra(inventory, "deploy.py", "-y"), f"  {inventory}\n      what  there is no such file")


def test_facts_are_asked_of_right_inventories_only() -> None:
    wrong = str(INVENTORIES / "one-site" / "inventory.py")
    is_refused(pyinfra(wrong, "fact", "server.Hostname"), "tls/mesh.crt is not a file")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"sha256": 5}'])
def test_pins_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text(text)
    run = pyinfra(
        str(INVENTORIES / "two-sites" / "inventory.py"),
        "debug-inventory",
        environment={"ISTHMUS_TRUST": str(tmp_path / "trust.json")},
    )
    is_refused(run, "it replaces the keys and hashes by which downloads are proved")


def test_a_rehearsals_pins_are_named(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text('{"sha256": {"a": "b"}, "ca": "ca.pem"}')
    run = pyinfra(
        str(INVENTORIES / "two-sites" / "inventory.py"),
        "debug-inventory",
        environment={"ISTHMUS_TRUST": str(tmp_path / "trust.json")},
    )
    assert run.returncode == 0
    assert "trust.json replaces 1 hashes, the trusted CA; only a rehearsal sets it" in run.stderr


def test_a_right_inventory_passes() -> None:
    run = pyinfra(str(INVENTORIES / "two-sites" / "inventory.py"), "debug-inventory", "--json")
    assert run.returncode == 0, run.stderr
    assert "desk-left" in run.stdout


def test_data_for_other_programs(tmp_path: Path) -> None:
    (tmp_path / "inventory.py").write_text("cloud = (")
    command = [sys.executable, "-m", "engine.inventory", str(tmp_path / "inventory.py")]
    run = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True)
    assert (run.returncode, run.stdout) == (1, "")
    assert "it is no Python" in run.stderr
    assert "Traceback" not in run.stderr


TASKS = str(INVENTORIES / "day-two" / "inventory.py")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("drain.py", "--data", "host"), "it has no value"),
        (("drain.py", "verify.py", "--data", "host=attic"), "a task is named beside another file"),
        (("remove_host.py", "-y", "--data", "host=attic"), "to confirm this, add --data yes=attic"),
    ],
)
def test_a_wrong_call_of_a_task(words: tuple[str, ...], message: str) -> None:
    task, *more = words
    is_refused(pyinfra(TASKS, f"tasks/{task}", *more), message)


def test_a_task_without_the_hosts_that_it_needs() -> None:
    run = pyinfra(TASKS, "tasks/drain.py", "-y", "--data", "host=attic", "--limit", "wing")
    assert run.returncode == 1
    assert "it is left out, or can't be reached" in run.stderr
    assert "Traceback" not in run.stderr
