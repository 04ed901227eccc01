"""The deploy's checks as an Ansible playbook: tasks from catalogue.yml, wanted values from converged hosts. Pure but for `entries`."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).with_name("catalogue.yml")
# Operations that only hold hosts together, or test what is about to change; by their names without the phase.
NOTHING_TO_CHECK = {
    "every host is ready",
    "the API answers",
    "flannel is declared",
    "the nodes' subnets are offered",
    "the pod network is there",
    "every node has joined",
    "Test nginx's configuration",
}
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
DIFF = f"{KUBECTL} diff --server-side --force-conflicts --field-manager=isthmus -f -"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"  # Python alone would look for links by hash, and a host may have none
Entry = Mapping[str, Any]


class Unsafe(str):
    """Text that Ansible must not take for a template."""


class Dumper(yaml.SafeDumper):
    """YAML as Ansible reads it."""


Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


@dataclass
class Wanted:
    """What a converged host has: by number of the entry, what its task needs; contents of files, versions of packages."""

    values: dict[int, Any] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def entries(file: Path = CATALOGUE) -> list[dict[str, Any]]:
    """The catalogue."""
    loaded: list[dict[str, Any]] = yaml.safe_load(file.read_text())
    return loaded


def covered(catalogue: Sequence[Entry]) -> set[str]:
    """The operations that some entry stands for."""
    return {name for entry in catalogue for name in entry["for"]}


def survey(catalogue: Sequence[Entry]) -> str:
    """A script that prints, for each entry, what a host has of it: NUMBER KIND WORDS…"""
    lines = ["set -f"]
    for number, entry in enumerate(catalogue):
        for path in entry.get("files", ()):
            lines.append(
                f'set +f; for p in {path}; do test -f "$p" && echo "{number} file $(stat -L -c "%a %U %G" "$p") $p $(base64 -w 0 "$p")"; done; set -f'
            )
        for package in entry.get("packages", ()):
            lines.append(
                f"dpkg-query -W -f='${{db:Status-Status}}' {package} 2>/dev/null | grep -qx installed && echo \"{number} package {package} $(dpkg-query -W -f='${{Version}}' {package})\""
            )
        if unit := entry.get("unit"):
            lines.append(f"systemctl is-enabled --quiet {unit} 2>/dev/null && echo '{number} unit {unit}'")
        if {"hostname", "url", "manifest", "block", "command"} & set(entry):
            there = " && ".join(f"test -e {shlex.quote(path)}" for path in entry.get("where", ["/"]))
            lines.append(
                f'{there} && echo "{number} there $( ( {_said(entry)} ) 2>/dev/null </dev/null | base64 -w 0)"'
            )
    return "\n".join([*lines, "exit 0", ""])


def _said(entry: Entry) -> str:
    if path := entry.get("block"):
        return f"sed -n '/^# begin isthmus/,/^# end isthmus/p' {path} | sed '1d;$d'"
    if "hostname" in entry:
        return "uname -n"
    return str(entry["command"]) if entry.get("stable") else "true"


def wanted(said: str) -> Wanted:
    """What the survey's script printed."""
    found = Wanted()
    for words in (line.split(" ") for line in said.splitlines()):
        number, kind, *rest = int(words[0]), *words[1:]
        if kind == "file":
            mode, owner, group, path, content = rest
            item = {"path": path, "mode": f"0{mode}", "owner": owner, "group": group}
            found.values.setdefault(number, []).append(item)
            found.contents[path] = base64.b64decode(content)
        elif kind == "package":
            found.values.setdefault(number, []).append(rest[0])
            found.versions[rest[0]] = rest[1]
        else:
            found.values[number] = rest[0] if kind == "unit" else base64.b64decode(rest[0]).decode(errors="replace")
    return found


def host_variables(catalogue: Sequence[Entry], found: Wanted) -> dict[str, Any]:
    """A host's variables; outputs that are compared go by their hash."""
    values: dict[str, Any] = {}
    for number, value in found.values.items():
        entry = catalogue[number]
        if entry.get("stable"):
            value = hashlib.sha256(str(value).rstrip("\n").encode()).hexdigest()
        elif "block" in entry or "hostname" in entry:
            value = value.rstrip("\n")
        values[f"wanted_{number}"] = value
    return values


def play(catalogue: Sequence[Entry], folder: Path, health: str, manifest: str) -> str:
    """The playbook: one task for each entry, for all hosts at once."""
    tasks = [_task(number, entry, folder, health, manifest) for number, entry in enumerate(catalogue)]
    whole = [{"hosts": "all", "gather_facts": False, "strategy": "free", "tasks": tasks}]
    return yaml.dump(whole, Dumper=Dumper, sort_keys=False, width=1000)


def _task(number: int, entry: Entry, folder: Path, health: str, manifest: str) -> dict[str, Any]:
    name = f"wanted_{number}"
    task: dict[str, Any] = {"name": ", ".join(entry["for"]), "when": f"{name} is defined"}
    value = f"{{{{ {name} }}}}"
    if "files" in entry:
        item = {key: f"{{{{ item.{key} }}}}" for key in ("mode", "owner", "group")}
        source = f"{folder}/{{{{ inventory_hostname }}}}{{{{ item.path }}}}"
        task["ansible.builtin.copy"] = {"src": source, "dest": "{{ item.path }}", **item}
        task |= {"loop": f"{{{{ {name} | default([]) }}}}", "loop_control": {"label": "{{ item.path }}"}}
    elif "packages" in entry:
        task["ansible.builtin.apt"] = {"name": value, "state": "present"}
    elif "unit" in entry:
        task["ansible.builtin.systemd_service"] = {"name": value, "state": "started", "enabled": True}
    elif "hostname" in entry:
        task["ansible.builtin.hostname"] = {"name": value}
    elif "block" in entry:
        marks = {"marker": "# {mark} isthmus", "marker_begin": "begin", "marker_end": "end"}
        task["ansible.builtin.blockinfile"] = {"path": entry["block"], "block": value, **marks}
    elif "url" in entry:
        task["ansible.builtin.uri"] = {"url": f"{health}/{entry['url']}", "ca_path": BUNDLE}
    elif "manifest" in entry:
        task["ansible.builtin.shell"] = {"cmd": DIFF, "stdin": Unsafe(manifest)}
        task["changed_when"] = False
    else:
        task |= {"ansible.builtin.shell": Unsafe(entry["command"]), "register": "said"}
        task["changed_when"] = f"(said.stdout | hash('sha256')) != {name}" if entry.get("stable") else False
    return task


def inventory(hosts: Mapping[str, Mapping[str, Any]], becoming: Sequence[str]) -> str:
    """Ansible's inventory: names as in the operator's SSH configuration; `becoming` are those that need sudo."""
    listed = {
        name: {**variables, **({"ansible_become": True} if name in becoming else {})}
        for name, variables in hosts.items()
    }
    return yaml.dump({"all": {"hosts": listed}}, Dumper=Dumper, sort_keys=False, width=1000)


def settings(folder: Path, forks: int) -> str:
    """ansible.cfg of somebody who wants it fast."""
    return f"""[defaults]
inventory = {folder}/inventory.yml
forks = {forks}
timeout = 60
gathering = explicit
interpreter_python = /usr/bin/python3
host_key_checking = False
retry_files_enabled = False
nocows = True

[connection]
pipelining = True

[ssh_connection]
pipelining = True
control_path_dir = {folder}/cp
ssh_args = -o ControlMaster=auto -o ControlPersist=900
"""
