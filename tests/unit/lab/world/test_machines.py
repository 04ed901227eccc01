"""QEMU's command line, and what its guest's console tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.world import machines, state
from lab.world.plan import HostPlan
from tests.unit.lab.worlds import behind, world

PANICKED = """[    0.000000] Linux version 6.12.118+deb13-cloud-amd64
[    9.120000] traps: PANIC: double fault, error_code: 0x0
[    9.130000] Kernel panic - not syncing: Fatal exception in interrupt
"""


def machine(memory_mb: int | None = None, roles: tuple[str, ...] = ("worker",), **rehearsal: Any) -> HostPlan:
    values = behind("192.168.1.2", "192.0.2.9", 2222, memory_mb=memory_mb, roles=roles)
    declared = {"machine": "vm", "architecture": "amd64", **rehearsal}
    return world(away={**values, "rehearsal": declared}).host("away")


@pytest.fixture
def emulated(lab: state.Run, monkeypatch: pytest.MonkeyPatch) -> state.Run:
    """A lab on a machine where KVM serves nothing."""
    monkeypatch.setattr("lab.world.accelerator.has_kvm", lambda *_: False)
    return lab


def after(words: list[str], option: str) -> list[str]:
    return [words[at + 1] for at, word in enumerate(words) if word == option]


def test_a_machine_has_the_declared_memory_and_card(emulated: state.Run) -> None:
    host = machine(1536)
    words = machines.command(emulated, host)
    assert after(words, "-m") == ["1536"]
    assert after(words, "-append") == [f"root=LABEL=root ro console=ttyS0 {machines.PATIENCE}"]
    assert f"virtio-net-pci,netdev=lan,mac={host.mac},romfile=" in words
    assert any("cache=unsafe" in word for word in words)


def test_without_a_declared_memory_it_has_what_its_part_needs() -> None:
    assert machines.memory_mb(machine()) == 1024
    assert world().host("first").host.is_control_plane
    assert machines.memory_mb(world().host("first")) > 1700  # kubeadm's least for a control plane


def test_an_emulated_amd64_worker_has_one_processor_and_all_others_two() -> None:
    amd64, arm64 = machine(), machine(architecture="arm64")
    assert [machines.processors(host, False) for host in (amd64, arm64, world().host("first"))] == [1, 2, 2]
    assert machines.processors(amd64, True) == 2


def test_an_oddity_of_the_kernel_is_on_its_command_line(emulated: state.Run) -> None:
    words = machines.command(emulated, machine(architecture="arm64", oddities=("no-memory-cgroup",)))
    assert words[0] == "qemu-system-aarch64"
    assert after(words, "-append") == [f"root=LABEL=root ro console=ttyAMA0 {machines.PATIENCE} cgroup_disable=memory"]


def test_kvm_is_tried_once_for_an_architecture(lab: state.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr("lab.world.accelerator.has_kvm", lambda architecture, *_: tried.append(architecture) or True)
    for architecture in ("amd64", "arm64", "amd64"):
        assert machines.has_kvm(lab, machine(architecture=architecture))
    assert tried == ["amd64", "arm64"]
    assert machines.label(lab, machine()) == "vm, amd64 by KVM"


def test_a_panic_ends_the_waiting_until_the_machine_boots_again() -> None:
    assert machines.panic(PANICKED) == "[    9.130000] Kernel panic - not syncing: Fatal exception in interrupt"
    assert machines.panic(f"{PANICKED}[    0.000000] Linux version 6.12.118\n[    1.0] systemd[1]: Detected\n") == ""
    assert machines.panic("") == ""


def test_a_qemu_that_has_ended_is_named_with_its_last_words(lab: state.Run) -> None:
    (lab.folder / "vm-away.log").write_text("qemu-system-x86_64: could not open tap0\n")
    assert machines.failure(lab, machine()) == "QEMU has ended: qemu-system-x86_64: could not open tap0"


def test_a_path_of_a_socket_fits_into_linux() -> None:
    long = state.Run("a" * 20)
    assert len(str(machines.socket(long, machine(), "agent"))) <= 107


def test_commands_go_by_the_agent_and_a_shell_by_the_console(lab: state.Run) -> None:
    words = machines.attach_command(lab, machine(), ["sh", "-c", "true"])
    assert words[-5:-3] == ["away", str(lab.folder / "vm" / "2.agent")]
    assert machines.shell_command(lab, machine())[-1] == str(lab.folder / "vm" / "2.shell")
    assert Path(words[1].removeprefix("PYTHONPATH=")).joinpath("lab").is_dir()
