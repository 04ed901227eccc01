"""A reset forgets no file: every path that a phase or an operation writes is owned by a phase."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from day_two import uninstall
from tests.places import PROJECT

# Paths that are known only when a host is: each comes from the model by a function that OWNED, or the reset itself, uses too.
DERIVED = {
    "source.list_path": "sources.paths_of",
    "f'{folder}/hosts.toml'": "containerd.mirror_folders",
    "path": "a variable of an operation",
}
# What is gone when the operation ends, or when the host boots.
PASSING = ("/run/", "/tmp/", "/var/tmp/")


def owned() -> set[str]:
    return {path for phase in uninstall.PHASES for path in (*phase.OWNED.node, *phase.OWNED.machine)}


def written() -> list[tuple[str, str]]:
    """Source file and path of each `File(PATH, …)` in phases/ and operations/, and of each path in a module constant."""
    found = []
    for source in sorted([*(PROJECT / "phases").glob("*.py"), *(PROJECT / "operations").glob("*.py")]):
        module = import_module(f"{source.parent.name}.{source.stem}")
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("files.File", "File"):
                found.append((source.name, evaluated(node.args[0], vars(module))))
    return found


def evaluated(node: ast.expr, names: dict[str, Any]) -> str:
    try:
        return str(eval(compile(ast.Expression(node), "path", "eval"), names))
    except (NameError, AttributeError):
        return f"derived: {ast.unparse(node)}"


def is_owned(path: str, by: set[str]) -> bool:
    return any(Path(path).match(one) or Path(one.removesuffix("/*")) in Path(path).parents for one in by)


def test_every_file_that_is_written_is_owned() -> None:
    paths = written()
    assert len(paths) > 12
    derived = {path.removeprefix("derived: ") for _, path in paths if path.startswith("derived: ")}
    assert derived <= set(DERIVED)
    known = [(source, path) for source, path in paths if not path.startswith("derived: ")]
    lost = [(source, path) for source, path in known if not is_owned(path, owned()) and not path.startswith(PASSING)]
    assert lost == []


def test_every_phase_that_writes_files_says_what_it_owns() -> None:
    writing = {source.stem for source in (PROJECT / "phases").glob("*.py") if "File(" in source.read_text()}
    assert writing <= {phase.__name__.rpartition(".")[2] for phase in uninstall.PHASES}


@pytest.mark.parametrize(
    "path", ["/etc", "/var/lib", "/etc/apt", "/opt/cni/bin", "/var/lib/kubelet", "/etc/systemd/system"]
)
def test_a_folder_of_others_is_not_owned(path: str) -> None:
    assert path not in owned()
