"""The pages against the tree: a task has one name everywhere, links and paths lead somewhere, and the prose is plain."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.tasks import TASKS
from lab.load_inventory import load
from lab.world.plan import plan
from tests.places import PROJECT

PAGES = sorted(
    [
        PROJECT / "README.md", PROJECT / "CHANGELOG.md", PROJECT / "CONTRIBUTING.md", PROJECT / "lab" / "README.md", PROJECT / "bench" / "README.md",
        *(PROJECT / "docs").rglob("*.md"),
    ]
)  # fmt: skip
# Written by `make test-all`: a table.
PROSE = [page for page in PAGES if page.name != "proof.md"]
# Rooms whose docstrings are held to the same words as the pages.
ROOMS = (
    "tasks",
    "day_two",
    "cluster",
    "phases",
    "operations",
    "measure",
    "engine",
    "local",
    "facts",
    "report",
    "lab",
    "bench",
)
# Words that often stand where a plainer one would do: "reports" for "tells", "again" for "anew", "if" for "whatever".
VAGUE = re.compile(
    r"\b(tell|tells|told|say|says|said|hear|hears|heard|speak|speaks|anew|whatever|besides|shall|by and by|made up|"
    r"those (that|who)|holds? on to|brings? about|brought about)\b",
    re.IGNORECASE,
)
# A full stop within the line, or a question or exclamation mark, and something after it.
TWO_SENTENCES = re.compile(r"[.!?][)*\"]* +\S")
LONGEST_LINE = 170
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
TOP = {path.name for path in PROJECT.iterdir()}


def name(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Line number and text of each line of prose: without code, tables, and the marks of lists and bold labels."""
    text = FENCE.sub(lambda match: "\n" * match.group(0).count("\n"), page.read_text())
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith(("    ", "|")):
            yield number, re.sub(r"^ *(?:#+ |- )?(?:\d+\. )?(?:\*\*[^*]+\*\*:? ?)?", "", line)


def plain(text: str) -> str:
    """The text with `code` and the targets of links taken out."""
    return LINK.sub("", CODE.sub("code", text))


def anchors(page: Path) -> set[str]:
    """What `#…` may name: the headings of a page, as GitHub writes them."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def paths(page: Path) -> Iterator[str]:
    """Words of code that name a file or folder of the project; X.py stands for any."""
    text = FENCE.sub("", page.read_text())
    for code in [*CODE.findall(text), *re.findall(r"^    (.+)$", text, re.MULTILINE)]:
        for word in code.split():
            word = word.rstrip(",;:")
            folder, slash, _ = word.partition("/")
            is_ours = folder in TOP - {"build", ".venv"} if slash else word.endswith((".py", ".md"))
            if is_ours and re.fullmatch(r"[\w./*-]+", word) and not word.endswith("/X.py"):
                yield word


def exists(path: str) -> bool:
    """Whether the path leads somewhere from the top. A module needs no `.py`; a file name without a folder may be anywhere."""
    patterns = [path.rstrip("/"), f"{path}.py", *([f"[!.]*/**/{path}"] if "/" not in path else [])]
    return any(any(PROJECT.glob(pattern)) for pattern in patterns)


def test_a_task_has_one_name() -> None:
    page = (PROJECT / "docs" / "day-2.md").read_text()
    headings = re.findall(r"^#+ (\w+)$", page, re.MULTILINE)
    for task in TASKS:
        assert (PROJECT / "tasks" / f"{task}.py").is_file(), f"tasks/{task}.py"
        assert (PROJECT / "day_two" / f"{task}.py").is_file(), f"day_two/{task}.py"
        assert headings.count(task) == 1, f"docs/day-2.md needs one heading {task}"
        assert f"| [`{task}`](#{task}) |" in page, f"the table of docs/day-2.md needs a row {task}"
    assert {path.stem for path in (PROJECT / "tasks").glob("*.py")} - {"__init__"} == set(TASKS)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        found = (page.parent / target) if target else page
        assert found.exists(), f"{name(page)}: {link}"
        assert not anchor or anchor in anchors(found), f"{name(page)}: {link} is no heading there"


@pytest.mark.parametrize("page", PROSE, ids=name)
def test_paths_exist(page: Path) -> None:
    assert [path for path in paths(page) if not exists(path)] == []


def test_commands_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for page in PROSE:
        for target in re.findall(r"(?:`|^    )make ([a-z-]+)", page.read_text(), re.MULTILINE):
            assert f"\n{target}:" in makefile, f"{name(page)}: make {target}"
        for module, fact in re.findall(r" fact (facts\.\w+)\.(\w+)", page.read_text()):
            assert hasattr(importlib.import_module(module), fact), f"{name(page)}: {module}.{fact}"


def test_the_inventory_for_real_machines_is_accepted(tmp_path: Path) -> None:
    block = (PROJECT / "docs" / "real-machines.md").read_text().split("```python\n")[1].split("```")[0]
    files = re.split(r"^# (\S+\.py)\n", block, flags=re.MULTILINE)[1:]
    for path, text in zip(files[::2], files[1::2], strict=True):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    declared = load(tmp_path / "inventory.py")
    assert [host.name for host in declared.hosts] == ["hub", "arm", "attic"]
    assert (declared.gateway.name, declared.warnings) == ("hub", ())
    plan("t", declared, ())


def test_readme_names_every_provider_that_was_tried() -> None:
    table = (PROJECT / "docs" / "real-machines.md").read_text().split("## What was tried where")[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| 2")]
    tested = (PROJECT / "README.md").read_text().split("## How it is tested")[1]
    assert rows
    assert [row[2] for row in rows if row[2] not in tested] == []
    assert ("not on real clouds" in tested) == (not {row[2] for row in rows} - {"the lab"})


@pytest.mark.parametrize("page", PROSE, ids=name)
def test_a_line_has_one_sentence_and_fits(page: Path) -> None:
    wrong = [f"{number}: {text}" for number, text in prose(page) if TWO_SENTENCES.search(plain(text))]
    wrong += [f"{number}: {len(text)} characters" for number, text in prose(page) if len(text) > LONGEST_LINE]
    assert wrong == []


@pytest.mark.parametrize("page", PROSE, ids=name)
def test_the_prose_is_plain(page: Path) -> None:
    lines = FENCE.sub(lambda match: "\n" * match.group(0).count("\n"), page.read_text()).splitlines()
    vague = [
        f"{number}: {match.group(0)}" for number, line in enumerate(lines, 1) for match in VAGUE.finditer(plain(line))
    ]
    assert vague == []


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_are_plain(room: str) -> None:
    vague = []
    for source in sorted((PROJECT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                vague += [f"{source.relative_to(PROJECT)}: {match.group(0)}" for match in VAGUE.finditer(text)]
    assert vague == []
