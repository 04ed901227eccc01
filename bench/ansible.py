"""Ansible beside it: a virtual environment of its own, the playbook written for this lab, and taken away again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench import playbook
from bench.labs import Lab
from bench.measure import everywhere
from cluster.documents import flannel
from cluster.model import Cluster
from lab.failures import LabError
from lab.polling import step
from lab.world.state import PROJECT

VENV = PROJECT / "build" / "ansible"
REQUIREMENT = "ansible-core==2.19.*"  # the newest that runs on Python 3.11
ON_HOSTS = "python3 python3-apt"
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.M)
_TEMPLATES = Environment(
    loader=FileSystemLoader(PROJECT / "templates"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    keep_trailing_newline=True, autoescape=False,
)  # fmt: skip


def installed() -> Path:
    """ansible-playbook, in an environment that is made by the first call."""
    program = VENV / "bin" / "ansible-playbook"
    if not program.exists():
        with step(f"installing {REQUIREMENT} into {VENV.relative_to(PROJECT)}"):
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
            subprocess.run([VENV / "bin" / "python", "-m", "pip", "install", "-q", REQUIREMENT], check=True)
    return program


@contextmanager
def prepared(lab: Lab) -> Iterator[tuple[list[str], list[str]]]:
    """Within, the command line that checks everything, and one that opens its connections.

    Its files (secrets among them) and connections are gone afterwards.
    """
    program, folder = installed(), lab.folder / "ansible"
    try:
        with step("Ansible's playbook from the converged hosts"):
            everywhere(lab, f"DEBIAN_FRONTEND=noninteractive apt-get -q -y install {ON_HOSTS} >/dev/null 2>&1")
            _write(lab, folder)
        env = ["env", f"ANSIBLE_CONFIG={folder}/ansible.cfg", "LC_ALL=C.UTF-8"]
        yield [*env, str(program), f"{folder}/play.yml"], [*env, str(program.with_name("ansible")), "all", "-m", "ping"]
    finally:
        for control in (folder / "cp").glob("*"):
            subprocess.run(
                ["ssh", "-o", f"ControlPath={control}", "-O", "exit", "any"], capture_output=True, check=False
            )
        shutil.rmtree(folder, ignore_errors=True)


def _write(lab: Lab, folder: Path) -> None:
    catalogue, whole = playbook.entries(), lab.world.cluster
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    found = {name: playbook.wanted(said) for name, said in everywhere(lab, playbook.survey(catalogue)).items()}
    for name, wanted in found.items():
        for path, content in wanted.contents.items():
            target = folder / "files" / name / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    manifest = flannel_manifest(whole)
    becoming = [host.name for host in whole.hosts if host.ssh_user != "root"]
    variables = {name: playbook.host_variables(catalogue, wanted) for name, wanted in found.items()}
    (folder / "play.yml").write_text(playbook.play(catalogue, folder / "files", whole.server_url, manifest))
    (folder / "inventory.yml").write_text(playbook.inventory(variables, becoming))
    (folder / "ansible.cfg").write_text(playbook.settings(folder, max(20, len(found))))


def flannel_manifest(whole: Cluster) -> str:
    """What the deploy applies."""
    return _TEMPLATES.get_template("pod_network/flannel.yaml.j2").render(**flannel.manifest_values(whole))


def judged(log: Path) -> None:
    """LabError unless the playbook found every host as wanted."""
    recap = RECAP.findall(log.read_text())
    wrong = [name for name, _, changed, unreachable, failed in recap if (changed, unreachable, failed) != ("0",) * 3]
    if wrong or not recap:
        raise LabError(
            "Ansible", f"it finds something to change on {', '.join(wrong) or 'no host at all'}", "it must check the same state",
            f"see {log}; catalogue.yml says what it looks at",
        )  # fmt: skip
