"""Each key of the inventory is described at its field in cluster/model/; docs/inventory.md has a row that says the same."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, TypeAdapter

from cluster.inventory.describe import FIELDS, KEYS, LEVELS, key_of
from tests.places import PROJECT

COLUMNS = ("key", "type", "default", "meaning", "example")


def test_each_key_and_part_is_described() -> None:
    assert {key for fields in LEVELS.values() for key in fields} == {key for key in KEYS if "." not in key}
    assert all(key.expects and key.why and key.example for key in KEYS.values())
    assert key_of("taints[3].effect") == KEYS["taints.effect"]
    assert key_of("mirrors.registries.ghcr.io[0]") == KEYS["mirrors.registries.*"]
    assert key_of("roles[0]") == KEYS["roles"]


@pytest.mark.parametrize("path", sorted(path for path in KEYS if "*" not in path))
def test_each_example_is_right(path: str) -> None:
    """Messages suggest it, so it must be accepted."""
    value = eval(KEYS[path].example)  # examples are Python by definition
    key, _, part = path.partition(".")
    if part == "key" and key == "certificate":
        value = {"certificate": "mesh.crt", "key": value}
    elif key == "certificate" and part:
        value = {"certificate": value, "key": "mesh.key"}
    elif key == "taints" and part:
        value = [{"key": "slow", part: value}]
    elif part:
        value = {part: value}
    fields = next(fields for fields in LEVELS.values() if key in fields)
    TypeAdapter(fields[key].rebuild_annotation()).validate_python(value)


def documented(level: str) -> dict[str, dict[str, str]]:
    """Key or part → its cells by column, from the tables under `## Keys of …`; backticks are left out."""
    text = (PROJECT / "docs" / "inventory.md").read_text()
    heading = "## Keys of the cluster\n" if level == "cluster" else f"## Keys of a {level}\n"
    section = text.split(heading)[1].split("\n## ")[0]
    lines = [line.replace("`", "").strip("| ") for line in section.splitlines() if line.startswith("| `")]
    rows = [dict(zip(COLUMNS, line.split(" | "), strict=True)) for line in lines]
    assert len({row["key"] for row in rows}) == len(rows)
    return {row["key"]: row for row in rows}


def default_of(path: str) -> str:
    """The default as docs/inventory.md writes it."""
    field, key = FIELDS[path], KEYS[path]
    if key.absent or field.is_required():
        return key.absent or "required"
    if field.default is None or field.default == "":
        return "none" if field.default is None else "empty"
    if isinstance(field.default, tuple):
        return repr(field.default).replace("'", '"')
    return json.dumps({}) if isinstance(field.default, dict | BaseModel) else str(field.default)


@pytest.mark.parametrize("level", LEVELS)
def test_the_documentation_has_a_row_for_each_key_and_part_and_no_other(level: str) -> None:
    assert set(documented(level)) == {path for path in FIELDS if path.partition(".")[0] in LEVELS[level]}


@pytest.mark.parametrize("level", LEVELS)
def test_a_row_of_the_documentation_says_what_the_model_says(level: str) -> None:
    for path, row in documented(level).items():
        assert (row["type"], row["default"], row["example"]) == (
            KEYS[path].expects,
            default_of(path),
            KEYS[path].example,
        )
        assert row["meaning"], path
