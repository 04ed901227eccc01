"""The first steps of `up`: whose packages the mirror is to serve, before anything of a world is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import mirror
from lab.mirror.aptrepo import write
from lab.world import lifecycle
from lab.world.lifecycle import Options, mirror_request
from lab.world.plan import WorldPlan
from lab.world.state import Run
from tests.unit.lab.worlds import world


class Reached(Exception):
    """All of the mirror is there."""


def stop(*_: object) -> None:
    raise Reached


@pytest.fixture
def planned(lab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorldPlan:
    """A world whose packages were all built before; nothing else is made."""
    made = world()
    cache = tmp_path / "cache"
    monkeypatch.setenv("ISTHMUS_CACHE", str(cache))
    monkeypatch.setattr(lifecycle, "base_images", lambda *_: {})
    monkeypatch.setattr(Run, "create", stop)
    write(mirror.stamp(cache / "tree", mirror_request(made.cluster, ("amd64",))), b"")
    return made


def test_with_everything_built_up_makes_no_attempt_to_leave_the_machine(
    lab: Run, planned: WorldPlan, questions: list[tuple[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Reached):
        lifecycle.create(lab, planned, Options(("amd64",), source="build"))
    assert questions == []
    assert "every part is built here (--source build)" in capsys.readouterr().out


def test_without_internet_auto_builds_and_official_gives_the_reasons(
    lab: Run, planned: WorldPlan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    for name in ("https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Reached):
        lifecycle.create(lab, planned, Options(("amd64",)))
    assert "every part is built here: none of 7 official names answers" in capsys.readouterr().out
    with pytest.raises(mirror.MirrorError, match="--source official: Kubernetes' packages"):
        lifecycle.create(lab, planned, Options(("amd64",), source="official"))
