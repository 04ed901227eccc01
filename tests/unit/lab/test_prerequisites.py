"""The packages that a lab needs of this machine."""

from __future__ import annotations

import pytest

from lab import mirror, prerequisites


@pytest.fixture(autouse=True)
def _on_amd64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror.request, "machine_architecture", lambda: "amd64")


def test_an_emulator_is_needed_only_for_machines_of_its_architecture() -> None:
    assert not any("qemu" in name for name in prerequisites.needed(("amd64",)))
    own = prerequisites.needed(("amd64",), ("amd64",))
    assert "qemu-system-x86" in own
    assert {"qemu-system-arm", "qemu-user-static", "arch-test"}.isdisjoint(own)
    assert {"qemu-system-arm", "qemu-user-static", "arch-test"} <= set(
        prerequisites.needed(("amd64", "arm64"), ("arm64",))
    )


def test_a_missing_emulator_comes_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites.os, "geteuid", lambda: 0)
    monkeypatch.setattr(prerequisites, "missing", lambda packages: [name for name in packages if "system-arm" in name])
    prerequisites.check(("amd64",), ("amd64",))
    with pytest.raises(prerequisites.UnsupportedMachine, match="apt-get install qemu-system-arm"):
        prerequisites.check(("amd64", "arm64"), ("arm64",))
