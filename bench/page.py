"""build/bench/index.html: the results on one page that needs no other file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench import results, show_cluster, show_runs
from bench.sections import Section
from lab.world.state import PROJECT

SECTIONS: Mapping[str, Callable[[Mapping[str, Any]], Section]] = {
    "idle": show_runs.idle,
    "growth": show_runs.growth,
    "first": show_cluster.first,
    "pods": show_cluster.pods,
}
RECORDS: Mapping[str, Callable[[Mapping[str, Any]], Section]] = {"ansible": show_runs.ansible}
PAGE = PROJECT / "build" / "bench" / "index.html"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def render(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The page of these results; a part without results is named as not measured."""
    shown = [
        show(found[name]) if found.get(name) else Section(f"{name}: not measured yet", [f"python -m bench {name}"])
        for name, show in SECTIONS.items()
    ]
    shown += [show(found[name]) for name, show in RECORDS.items() if found.get(name)]
    judged = [figure for section in shown for figure in section.figures if figure.met is not None]
    missed = [figure for figure in judged if not figure.met]
    return _ENVIRONMENT.get_template("page.html.j2").render(sections=shown, judged=judged, missed=missed)


def write(page: Path = PAGE, folder: Path = results.FOLDER) -> Path:
    """Write the page of the results in a folder; gives its path."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render({name: results.load(name, folder) for name in (*SECTIONS, *RECORDS)}))
    return page
