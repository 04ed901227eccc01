"""The script as a shell runs it, on a folder in the place of the host's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cluster.observed.leftovers import Leftovers
from facts import leftovers


def asked(root: Path) -> Leftovers:
    script = leftovers.Leftovers().command(programs=["ctr", "kubectl"])
    for path in ("/usr/local/", "/etc/rancher"):
        script = script.replace(path, f"{root}{path}")
    done = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=True)
    found = leftovers.Leftovers().process(done.stdout.splitlines())
    assert found is not None
    return found


def test_a_link_to_the_deploy_s_own_program_stands_before_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "usr/local/bin"
    folder.mkdir(parents=True)
    (folder / "k3s").write_text("#!/bin/sh\n")
    (folder / "k3s").chmod(0o755)
    (folder / "ctr").symlink_to(folder / "k3s")
    (folder / "kubectl").symlink_to("/usr/bin/kubectl")
    found = dict(asked(tmp_path).programs)
    assert found[str(folder / "ctr")] == str(folder / "k3s")
    assert str(folder / "kubectl") not in found


@pytest.mark.parametrize(("names", "is_found"), [((), False), (("node",), False), (("node", "k3s"), True)])
def test_what_k3s_s_own_removal_leaves_is_no_trace(tmp_path: Path, names: tuple[str, ...], is_found: bool) -> None:
    (tmp_path / "etc/rancher").mkdir(parents=True)
    for name in names:
        (tmp_path / "etc/rancher" / name).mkdir()
    assert any(path.endswith("rancher") for path in asked(tmp_path).states) == is_found
