"""The shape of the code, asserted: layers, sizes, and that nothing knows one particular cluster."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# A layer may import those to its right; lab, bench and report stand beside the pyinfra side and know it only through the model.
# answers stands between pyinfra and the connections; only config.py knows of it.
LAYERS = {
    "deploy.py": {"phases"},
    "verify.py": {"phases"},
    "tasks": {"phases", "operations", "facts", "cluster"},
    "phases": {"operations", "facts", "report", "cluster"},
    "operations": {"facts", "cluster"},
    "facts": {"cluster"},
    "report": {"cluster"},
    "lab": {"cluster"},
    "bench": {"lab", "cluster"},
    "bench/light.py": {"phases", "operations", "cluster"},
    "cluster": set(),
    "answers": set(),
    "config.py": {"phases", "operations", "answers"},
}
OURS = {"answers", "bench", "phases", "operations", "facts", "report", "lab", "cluster", "tasks", "tests"}


def sources(layer: str) -> list[Path]:
    path = PROJECT / layer
    # A file with a line of its own is no part of its folder.
    within = (source for source in path.rglob("*.py") if str(source.relative_to(PROJECT)) not in LAYERS)
    return [path] if path.suffix == ".py" else sorted(within)


def imported(source: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
    return modules & OURS


def test_imports_point_downwards() -> None:
    wrong = [
        f"{source.relative_to(PROJECT)} imports {module}"
        for layer, allowed in LAYERS.items()
        for source in sources(layer)
        for module in sorted(imported(source) - allowed - {layer})
    ]
    assert wrong == []


def test_cluster_is_pure() -> None:
    forbidden = re.compile(r"^\s*(import|from) (pyinfra|subprocess|socket|os|requests|urllib)\b", re.M)
    assert [str(s.relative_to(PROJECT)) for s in sources("cluster") if forbidden.search(s.read_text())] == []


def test_files_and_functions_are_small() -> None:
    lengths = []
    for layer in LAYERS:
        for source in sources(layer):
            assert len(source.read_text().splitlines()) <= 250, f"{source.relative_to(PROJECT)} is too long"
            for node in ast.walk(ast.parse(source.read_text())):
                if isinstance(node, ast.FunctionDef):
                    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                    length = (node.end_lineno or 0) - first.lineno + 1
                    assert length <= 60, f"{source.relative_to(PROJECT)}: {node.name} has {length} lines"
                    lengths.append(length)
    assert statistics.median(lengths) <= 8
    assert statistics.quantiles(lengths, n=10)[-1] <= 25


def test_nothing_knows_the_reference_hosts() -> None:
    names = re.compile(r"\b(oci[1-4]|tencent01|ubuntu01)\b|10\.0\.16\.2|192\.168\.50\.|203\.0\.113\.1[1-4]")
    found = [
        f"{source.relative_to(PROJECT)}: {match.group(0)}"
        for layer in LAYERS
        for source in sources(layer)
        if (match := names.search(source.read_text()))
    ]
    assert found == []


def test_deploy_reads_as_a_table_of_contents() -> None:
    body = ast.parse((PROJECT / "deploy.py").read_text()).body
    assert all(isinstance(node, ast.ImportFrom | ast.Expr) for node in body)
