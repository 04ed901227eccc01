"""The lab's command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import arguments


def test_what_follows_the_dashes_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    given, rest = arguments.parse(["run", "first", "--run", "t", "--", "sh", "-c", "echo --"])
    assert (given.host, given.run, rest) == ("first", "t", ["sh", "-c", "echo --"])
    with pytest.raises(SystemExit):
        arguments.parse(["run", "first"])
    assert "needs a command after --" in capsys.readouterr().err


def test_hosts_may_stand_after_options() -> None:
    given, _ = arguments.parse(["power", "off", "--run", "t", "first", "second", "--inventory", "x.py"])
    assert (given.hosts, given.run, given.inventory) == (["first", "second"], "t", Path("x.py"))


def test_a_world_may_serve_more_than_is_declared(capsys: pytest.CaptureFixture[str]) -> None:
    given, _ = arguments.parse(["up", "--also", "kubernetes=1.36.3", "--also", "headscale=0.29.3"])
    assert given.also == [("kubernetes", "1.36.3"), ("headscale", "0.29.3")]
    assert arguments.parse(["up"])[0].also == []
    for wrong in ("nginx=1.2.3", "kubernetes=1.36", "kubernetes", "architectures=1.2.3"):
        with pytest.raises(SystemExit):
            arguments.parse(["up", "--also", wrong])
        assert f"'{wrong}' is not kubernetes or tailscale or" in capsys.readouterr().err


def test_whose_packages_are_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert arguments.parse(["up"])[0].source == "auto"
    assert arguments.parse(["up", "--source", "build"])[0].source == "build"
    with pytest.raises(SystemExit):
        arguments.parse(["up", "--source", "mirror"])
    assert "'auto', 'official', 'build'" in capsys.readouterr().err


def test_without_a_fault_the_list_is_pointed_at(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parse(["heal"])
    assert "heal --list shows them" in capsys.readouterr().err


def test_options_of_conformance() -> None:
    given, _ = arguments.parse(["conformance"])
    assert (given.sig, given.only, given.processes) == (["network", "apps"], "", 4)
    for wrong in (["--processes", "1"], ["--processes", "x"], ["--only", "("]):
        with pytest.raises(SystemExit):
            arguments.parse(["conformance", *wrong])


def test_artifacts_and_machines_are_as_declared_unless_more_is_asked_for() -> None:
    given, _ = arguments.parse(["up"])
    assert (given.arch, given.machines) == ([], False)
    given, _ = arguments.parse(["up", "--arch", "arm64", "--machines"])
    assert (given.arch, given.machines) == (["arm64"], True)
