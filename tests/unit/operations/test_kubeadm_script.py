"""The script around kubeadm: its file never stays, its output is redacted."""

from __future__ import annotations

from operations import kubeadm_script

TOKEN = "abcdef.0123456789abcdef"


def test_kubeadms_file_is_gone_in_every_outcome_and_its_words_are_cleaned() -> None:
    script = kubeadm_script.script("join", f"token: {TOKEN}")
    assert TOKEN not in script
    assert "trap 'rm -f /run/isthmus/kubeadm.$$.yaml" in script
    assert "umask 077" in script
    assert "(token)" in script


def test_what_an_earlier_membership_left_goes_before_a_join_and_never_from_a_node() -> None:
    assert "ip link delete" in kubeadm_script.script("join", "text")
    assert "ip link delete" not in kubeadm_script.script("init phase upload-certs", "text", is_node=True)
