"""Operations keep the order and the identity that pyinfra gives them. If this fails after an update of pyinfra: engine/order.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.places import PROJECT

CONFIG = """
import sys
import pyinfra.api.util
if "fast" in sys.argv[-1]:
    from engine.pyinfra_internals import replace_operation_order
    replace_operation_order()
    pyinfra.api.util.stack = None
"""
DEPLOY = """
from pyinfra import host
from pyinfra.api import deploy
from pyinfra.operations import files
from steps import step

@deploy("nested")
def nested():
    step("a")
    for name in host.loop(["b", "c"]):
        step(name)

step("d")
nested()
for name in ("e", "f"):
    files.line(name=name, path="/nothing", line=name)
"""
STEPS = """
from pyinfra.operations import files

def step(name):
    files.line(name=name, path="/nothing", line=name)
"""


def plan(folder: Path, how: str) -> object:
    entry = folder / f"{how}.py"
    entry.write_text(DEPLOY)
    done = subprocess.run(
        [Path(sys.executable).parent / "pyinfra", "@local", "--dry", "--json", entry.name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["plan"]


def test_the_plan_is_pyinfras_own_with_its_order_and_hashes(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text(CONFIG)
    (tmp_path / "steps.py").write_text(STEPS)
    plain = plan(tmp_path, "plain")
    assert len(plain) == 6  # type: ignore[arg-type]
    assert plan(tmp_path, "fast") == plain
