"""Where KVM is worth a trial, and how the processor is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.world import accelerator

INTEL = "processor\t: 0\nflags\t\t: fpu vme de pse vmx ssse3\n"
AMD = "flags\t\t: fpu vme svm npt\n"
GUEST = "flags\t\t: fpu vme de pse ssse3 hypervisor\nvmx flags\t: vnmi preemption_timer\n"


@pytest.mark.parametrize(("flags", "worth"), [(INTEL, True), (AMD, True), (GUEST, False), ("", False)])
def test_kvm_needs_the_processor_s_own_flag(flags: str, worth: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "machine_architecture", lambda: "amd64")
    assert accelerator.may_have_kvm("amd64", flags) is worth
    assert not accelerator.may_have_kvm("arm64", flags)


def test_an_arm64_machine_has_no_such_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "machine_architecture", lambda: "arm64")
    assert accelerator.may_have_kvm("arm64", "Features\t: fp asimd\n")


def test_two_emulated_amd64_processors_take_turns() -> None:
    assert "tcg,thread=single,tb-size=256" in accelerator.words("amd64", False, 2)
    assert "tcg,thread=multi,tb-size=256" in accelerator.words("amd64", False, 1)
    assert "tcg,thread=multi,tb-size=256" in accelerator.words("arm64", False, 2)


def test_with_kvm_the_guest_has_this_machine_s_processor() -> None:
    words = accelerator.words("arm64", True, 2)
    assert words[words.index("-cpu") + 1] == "host"
    assert words[words.index("-machine") + 1] == "virt,gic-version=host"


@pytest.mark.parametrize(
    ("script", "serves"),
    [
        ("echo '[    0.000000] Linux version 6.12'; exec sleep 60", True),
        ("echo 'Linux version 6.12'", True),
        ("echo SeaBIOS; exec sleep 60", False),
        ("echo 'failed to initialize kvm' >&2; exit 1", False),
    ],
)
def test_kvm_serves_if_the_kernel_prints_its_first_line(
    script: str, serves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator, "KVM", tmp_path)
    monkeypatch.setattr(accelerator, "may_have_kvm", lambda *_: True)
    monkeypatch.setattr(accelerator, "TRIAL_SECONDS", 1)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program = tmp_path / accelerator.PROGRAMS["amd64"][0]
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert accelerator.has_kvm("amd64", tmp_path / "kernel", tmp_path / "initrd") is serves


def test_without_kvm_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "KVM", tmp_path / "kvm")
    assert not accelerator.has_kvm("amd64", tmp_path, tmp_path)
