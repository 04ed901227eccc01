"""The operator's kubeconfig, in build/kubeconfig on the operator's machine."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.operation import OperationMeta

from cluster.documents import kubeconfig
from cluster.model import Cluster
from engine import remote
from engine.fail import fail
from facts.files import States
from facts.kubernetes import KUBECONFIG
from operations.systemd import will_have_changed

TARGET = Path("build/kubeconfig")


@operation()
def write(cluster: Cluster, after: Sequence[OperationMeta] = ()) -> Generator[StringCommand, None, None]:
    """
    Write build/kubeconfig, below the operator's working directory, from this control plane's admin.conf; readable by its owner only.

    + cluster: the declared cluster
    + after: operations that change admin.conf (for the preview)
    """
    states = host.get_fact(States, paths=[KUBECONFIG])
    source = states[KUBECONFIG] if states else None
    if states is None or (source is None and state.is_executing):
        yield fail(f"{KUBECONFIG} could not be read")
        return
    will_differ = not state.is_executing and will_have_changed(after)
    if source and _is_current(cluster, source.sha256) and not will_differ:
        host.noop("the operator's kubeconfig is current")
        return
    if not state.is_executing or source is None:
        yield StringCommand("true")
        return
    try:
        text = kubeconfig.render(cluster, remote.run(host.name, f"cat {KUBECONFIG}"), source.sha256)
        write_private(TARGET, text)
    except (remote.RemoteFailure, ValueError, OSError) as problem:
        yield fail(f"{TARGET} could not be written on the operator's machine: {problem}")
        return
    yield StringCommand("true")
    tunnel = kubeconfig.tunnel(cluster)
    hint = f", with this tunnel in another terminal: {tunnel}" if tunnel else ""
    logger.info(f"--> {TARGET} gives access to the cluster{hint}")


def _is_current(cluster: Cluster, sha256: str) -> bool:
    if not TARGET.is_file() or TARGET.stat().st_mode & 0o777 != 0o600:
        return False
    return kubeconfig.is_current(TARGET.read_text(), cluster, sha256)


def write_private(file: Path, text: str) -> None:
    """Write a file on the operator's machine that only its owner can read, atomically. Raises OSError."""
    file.parent.mkdir(exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
    part.replace(file)
