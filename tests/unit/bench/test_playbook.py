from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from bench import playbook
from engine.phase import OPERATORS_OWN
from tests.places import PROJECT

KEYS = {"for", "files", "packages", "unit", "hostname", "block", "url", "command", "manifest", "stable", "where"}


def operations() -> set[str]:
    """`Phase | Name` of every operation of the phases that deploy.py calls, and of the functions that they call in phases/."""
    found = set()
    for module, called in re.findall(r"^(\w+)\.(\w+)\(\)$", (PROJECT / "deploy.py").read_text(), re.M):
        text = (PROJECT / "phases" / f"{module}.py").read_text()
        named = re.search(rf'@phase\((?:"(.+)"|OPERATORS_OWN)\)\ndef {called}\(', text)
        if not named:
            continue
        title = named[1] or OPERATORS_OWN
        words = [word for step in story(module, called) for word in ast.walk(step) if isinstance(word, ast.keyword)]
        names = [word.value.value for word in words if word.arg == "name" and isinstance(word.value, ast.Constant)]
        found |= {f"{title} | {name}" for name in names if name not in playbook.NOTHING_TO_CHECK}
    return found


def story(module: str, called: str) -> list[ast.FunctionDef]:
    """That function, and those that it calls, here and in other files of phases/."""
    told, names = [], [(module, called)]
    while names:
        file, name = names.pop()
        path = PROJECT / "phases" / f"{file}.py"
        for step in ast.parse(path.read_text()).body if path.exists() else ():
            if isinstance(step, ast.FunctionDef) and step.name == name and ast.dump(step) not in map(ast.dump, told):
                told.append(step)
                words = list(ast.walk(step))
                names += [(file, word.id) for word in words if isinstance(word, ast.Name)]
                inner = [word for word in words if isinstance(word, ast.Attribute) and isinstance(word.value, ast.Name)]
                names += [(word.value.id, word.attr) for word in inner]  # type: ignore[attr-defined]
    return told


def test_ansible_looks_at_every_operation_of_the_deploy_and_at_no_other() -> None:
    named = playbook.covered(playbook.entries())
    assert operations() - named == set()
    assert named - operations() == set()


def test_the_catalogue_has_only_keys_that_are_known() -> None:
    assert {key for entry in playbook.entries() for key in entry} <= KEYS


def test_the_survey_reads_back_what_it_prints(tmp_path: Path) -> None:
    there = tmp_path / "settings.conf"
    there.write_text("some = thing\n")
    catalogue: list[dict[str, Any]] = [
        {"for": ["P | a"], "files": [str(there), str(tmp_path / "absent")]},
        {"for": ["P | b"], "files": [f"{tmp_path}/*.conf"]},
        {"for": ["P | c"], "command": "echo one; echo two", "stable": True},
        {"for": ["P | d"], "command": "echo never", "where": [str(tmp_path / "absent")]},
    ]
    said = subprocess.run(["sh", "-s"], input=playbook.survey(catalogue), capture_output=True, text=True, check=True)
    found = playbook.wanted(said.stdout)
    assert [item["path"] for item in found.values[0]] == [item["path"] for item in found.values[1]] == [str(there)]
    assert found.contents == {str(there): b"some = thing\n"}
    assert found.values[2] == "one\ntwo\n"
    assert 3 not in found.values


def test_outputs_are_compared_as_ansible_sees_them() -> None:
    found = playbook.Wanted({0: "one\ntwo\n"})
    variables = playbook.host_variables([{"for": ["P | a"], "command": "c", "stable": True}], found)
    # sha256 of "one\ntwo": Ansible takes the last line's end away.
    assert variables == {"wanted_0": "21066d108d5319ecb5a1fc4454f42ef22fc5f1c7df49c31d90294950e0ea8b2c"}


def test_a_play_has_one_task_for_each_entry() -> None:
    catalogue = playbook.entries()
    text = playbook.play(catalogue, Path("/files"), "https://mesh.example", "{{ not a template }}")
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_constructor("!unsafe", lambda load, node: load.construct_scalar(node))  # type: ignore[attr-defined]
    (play,) = yaml.load(text, loader)
    assert len(play["tasks"]) == len(catalogue)
    assert all("when" in task for task in play["tasks"])
    assert "stdin: !unsafe '{{ not a template }}'" in text
