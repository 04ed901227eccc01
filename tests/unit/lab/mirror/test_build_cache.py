"""The cache of built artifacts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.mirror.build_cache import BuildCache
from lab.mirror.request import MirrorError
from tests.places import PROJECT


def test_an_interrupted_part_leaves_nothing(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    target = cache.path("part", "1.0", "amd64", {"flag": 1})

    def fails(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise MirrorError("no")

    with pytest.raises(MirrorError):
        cache.create(target, fails)
    assert not target.exists()
    assert list(cache.work.iterdir()) == []
    cache.create(target, lambda folder: (folder / "whole").touch())
    cache.create(target, fails)
    assert [file.name for file in target.iterdir()] == ["whole"]


def test_another_recipe_is_another_part(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    assert cache.path("part", "1.0", "amd64", {"flag": 1}) != cache.path("part", "1.0", "amd64", {"flag": 2})


def test_two_builds_take_turns(tmp_path: Path) -> None:
    other = (
        "import sys; from pathlib import Path; from lab.mirror.build_cache import BuildCache\n"
        "with BuildCache(Path(sys.argv[1])).locked(print): print('entered')"
    )
    with BuildCache(tmp_path).locked(print):
        command = [sys.executable, "-u", "-c", other, str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
        assert process.stdout is not None
        assert process.stdout.readline() == "mirror: another build uses this cache; waiting for it\n"
    assert process.communicate(timeout=10)[0] == "entered\n"
