"""Where KVM is worth a trial, and how the processor is run."""

from __future__ import annotations

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
