"""The script around kubeadm: its file never stays, its output is redacted, and it waits for a busy containerd."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from operations import kubeadm_script

TOKEN = "abcdef.0123456789abcdef"
# kubeadm 1.36 beside a containerd that was busy with its pulls.
BUSY = (
    "error: error execution phase preflight: [preflight] Some fatal errors occurred:\n"
    "\t[ERROR CRI]: could not connect to the container runtime: failed to create new CRI runtime service: validate service connection: "
    'validate CRI v1 runtime API for endpoint "unix:///run/containerd/containerd.sock": rpc error: code = DeadlineExceeded'
)
SWAP = "\t[ERROR Swap]: running with swap on is not supported. Please disable swap"


def test_kubeadms_file_is_gone_in_every_outcome_and_its_words_are_cleaned() -> None:
    script = kubeadm_script.script("join", f"token: {TOKEN}")
    assert TOKEN not in script
    assert "trap 'rm -f /run/isthmus/kubeadm.$$.yaml" in script
    assert "umask 077" in script
    assert "(token)" in script


def test_what_an_earlier_membership_left_goes_before_a_join_and_never_from_a_node() -> None:
    assert "ip link delete" in kubeadm_script.script("join", "text")
    assert "ip link delete" not in kubeadm_script.script("init phase upload-certs", "text", is_node=True)


def program(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\necho "{name} $1" >> {folder}/calls\n{body}\n')
    (folder / name).chmod(0o755)


def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, kubeadm: str, wait_s: int = 20
) -> tuple[int, str, list[str]]:
    """Exit code, standard error and calls of the script, with programs of our own in front of the machine's."""
    monkeypatch.setattr(kubeadm_script, "FOLDER", str(folder / "run"))
    monkeypatch.setattr(kubeadm_script, "CRI_WAIT_S", wait_s)
    for name, body in (("crictl", runtime), ("kubeadm", kubeadm), ("systemctl", ":"), ("ip", ":")):
        program(folder / "bin", name, body)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    script = kubeadm_script.script("upgrade node", "text", is_node=True)
    done = subprocess.run(
        ["sh", "-s"], input=script, capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": path}
    )
    calls = [line for line in (folder / "bin" / "calls").read_text().splitlines() if "systemctl" not in line]
    return done.returncode, done.stderr, calls


def once(folder: Path, words: str) -> str:
    """Fails with these words the first time."""
    return f"test -e {folder}/done && exit 0; : > {folder}/done; cat <<'END'\n{words}\nEND\nexit 1"


def test_kubeadm_runs_when_containerd_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, calls = run(tmp_path, monkeypatch, once(tmp_path, "DeadlineExceeded"), ":")
    assert (code, [call.split()[0] for call in calls]) == (0, ["crictl", "crictl", "kubeadm"])


def test_kubeadm_that_met_a_busy_containerd_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, calls = run(tmp_path, monkeypatch, ":", once(tmp_path, BUSY))
    assert (code, [call.split()[0] for call in calls]) == (0, ["crictl", "kubeadm", "crictl", "kubeadm"])


def test_any_other_error_of_kubeadm_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said, calls = run(tmp_path, monkeypatch, ":", once(tmp_path, f"{BUSY}\n{SWAP}"))
    assert (code, len(calls)) == (1, 2)
    assert "kubeadm upgrade failed:" in said
    assert "[ERROR Swap]" in said


def test_a_containerd_that_never_answers_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeadm_script, "CRI_SILENT", "containerd is silent")
    code, said, calls = run(tmp_path, monkeypatch, "echo refused; exit 1", ":", wait_s=1)
    assert (code, said.strip().splitlines()[-1]) == (1, "containerd is silent: refused")
    assert "kubeadm upgrade" not in calls
    assert list((tmp_path / "run").glob("kubeadm.*")) == []
