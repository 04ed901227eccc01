"""The shape of the code, asserted: layers, sizes, and that nothing knows one particular cluster."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

from tests.places import PROJECT

# What the model stands on. They import nothing of ours, and all of cluster/ may import them.
GROUND = {f"cluster/{name}.py" for name in ("addresses", "problems", "semver", "versions")}
# Room → the rooms that it may import from. A room is a folder or a file; the longest name that fits is a module's room.
# lab, bench and report know the cluster only through the model; engine holds all that depends on pyinfra's inside.
ROOMS = {
    "deploy.py": {"phases"},
    "verify.py": {"measure"},
    "config.py": {"engine"},
    "tasks": {"phases", "day_two"},
    "day_two": {"phases", "operations", "engine", "local", "facts", "cluster"},
    "phases": {"operations", "engine", "local", "facts", "cluster"},
    "operations": {"engine", "local", "facts", "cluster"},
    "measure": {"engine", "facts", "report", "cluster"},
    "engine": {"engine/fact_cache", "local", "facts", "cluster"},
    "engine/fact_cache": set(),
    "local": {"facts", "cluster"},
    "facts": {"cluster"},
    "report": {"cluster"},
    "report/checks": {"report", "cluster"},
    **{key: set() for key in GROUND},
    "cluster/model": GROUND,
    "cluster": {
        "cluster/model",
        "cluster/inventory",
        "cluster/preflight",
        "cluster/documents",
        "cluster/observed",
        *GROUND,
    },
    "cluster/inventory": {"cluster", "cluster/model", "cluster/inventory/checks", *GROUND},
    "cluster/inventory/checks": {"cluster", "cluster/model", "cluster/documents", *GROUND},
    "cluster/preflight": {"cluster", "cluster/model", "cluster/documents", "cluster/observed", *GROUND},
    "cluster/documents": {"cluster", "cluster/model", "cluster/observed", *GROUND},
    "cluster/observed": {"cluster/model", *GROUND},
    "lab": {"lab/world", "lab/faults", "lab/mirror", "lab/conformance", "cluster"},
    "lab/conformance": {"lab", "lab/world", "lab/mirror", "cluster"},
    "lab/faults": {"lab", "lab/world", "lab/mirror", "cluster"},
    "lab/world": {"lab", "lab/mirror", "cluster"},
    "lab/mirror": {"local", "cluster"},
    "bench": {"lab", "lab/world", "lab/mirror", "cluster"},
    "bench/light.py": {"phases", "operations", "engine", "cluster"},
}
LAYERS = tuple(room for room in ROOMS if "/" not in room)
# Unit tests of no one module, and what they test.
WITHOUT_MODULE = {
    "bench/test_worlds.py": "floor, growth, pods and snapshot on one generated cluster",
    "cluster/inventory/test_advice.py": "each fix of the inventory's messages, through all checks",
    "cluster/inventory/test_nonsense.py": "each key of the inventory, through all checks",
    "cluster/observed/test_cases.py": "each parser of the room",
    "engine/fact_cache/test_at_once.py": "batch, cache and dispatch while questions and commands overlap",
    "engine/test_cli.py": "whole runs of pyinfra",
    "facts/test_facts.py": "each fact of the room",
    "hosts/test_collection.py": "tests/hosts",
    "lab/test_order.py": "the file names of tests/lab",
    "report/test_browser.py": "the page in Chromium",
    "test_hosts_page.py": "docs/hosts.md",
    "test_docs.py": "README.md, docs/ and docstrings",
    "test_proof.py": "tests/proof.py",
}
OURS = {room.removesuffix(".py").split("/")[0] for room in ROOMS} | {"tests"}


def sources(layer: str) -> list[Path]:
    path = PROJECT / layer
    return [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))


def room_of(module: str) -> str:
    """The room of a module or a package, such as `cluster.documents.kubeadm`, or of one of its names."""
    at = module.replace(".", "/")
    while at not in ROOMS and f"{at}.py" not in ROOMS and at:
        at = at.rpartition("/")[0]
    return at if at in ROOMS else f"{at}.py"


def imported(source: Path) -> set[str]:
    """Rooms of ours that the file imports from."""
    package = str(source.relative_to(PROJECT).parent).replace("/", ".")
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            rooms |= {room_of(f"{module}.{alias.name}") for alias in node.names if module.split(".")[0] in OURS}
        elif isinstance(node, ast.Import):
            rooms |= {room_of(alias.name) for alias in node.names if alias.name.split(".")[0] in OURS}
    return rooms


def test_rooms_import_only_from_rooms_below() -> None:
    wrong = []
    for layer in LAYERS:
        for source in sources(layer):
            at = str(source.relative_to(PROJECT))
            room = at if at in ROOMS else room_of(at.removesuffix(".py").replace("/", "."))
            wrong += [f"{at} imports from {other}" for other in sorted(imported(source) - {room} - allowed(room))]
    assert wrong == []


def allowed(room: str) -> set[str]:
    """What the room may import from: of another folder all rooms that are in the one named, of its own folder just that one."""
    own = room.partition("/")[0]
    named = ROOMS[room]
    return named | {at for at in ROOMS for name in named if at.startswith(f"{name}/") and at.partition("/")[0] != own}


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


def edges() -> set[tuple[str, str]]:
    """Folder or file → folder that it imports from, without the rooms inside."""
    found = set()
    for layer in LAYERS:
        for source in sources(layer):
            at = source.relative_to(PROJECT).parts[0].removesuffix(".py")
            found |= {(at, room.split("/")[0].removesuffix(".py")) for room in imported(source)}
    return {(above, below) for above, below in found if above != below}


def drawn() -> set[tuple[str, str]]:
    """The arrows of the drawing in docs/architecture.md."""
    text = (PROJECT / "docs" / "architecture.md").read_text().split("```mermaid")[1].split("```")[0]
    return set(re.findall(r"^  (\w+)(?:\[.*?\])? --> (\w+)$", text, re.M))


def reachable(arrows: set[tuple[str, str]], start: str) -> set[str]:
    below = {end for begin, end in arrows if begin == start}
    return below | {further for end in below for further in reachable(arrows, end)}


def test_the_drawing_in_the_docs_is_the_imports() -> None:
    arrows, real = drawn(), edges()
    assert arrows - real == set(), "drawn, and nothing imports so"
    assert {(above, below) for above, below in real if below not in reachable(arrows, above)} == set()
    around = {(above, below) for above, below in arrows if below in reachable(arrows - {(above, below)}, above)}
    assert around == set(), "drawn, though others lead there"


def test_every_place_that_the_architecture_names_exists() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text().split("## A deploy")[1]
    places = re.findall(r"`([a-z_]+/[a-z][\w/.]*|(?:deploy|config|verify)\.py)`", text)
    assert len(places) > 25
    assert [place for place in places if not place.startswith("build/") and not (PROJECT / place).exists()] == []


def test_unit_tests_mirror_the_tree() -> None:
    unit = PROJECT / "tests" / "unit"
    names = [test.relative_to(unit) for test in unit.rglob("test_*.py")]
    modules = {name: PROJECT / name.parent / name.stem.removeprefix("test_") for name in names}
    without = {
        str(name)
        for name, module in modules.items()
        if not module.with_suffix(".py").exists() and not (module / "__init__.py").exists()
    }
    assert len(names) > 80
    assert without == set(WITHOUT_MODULE)
