"""containerd's effective configuration."""

from __future__ import annotations

from collections.abc import Callable, Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from cluster.documents.containerd import Settings, differences
from engine.fail import fail
from facts.containerd import Config


@operation()
def check_config(wanted: Callable[[], Settings | None]) -> Generator[StringCommand, None, None]:
    """
    Fail if containerd's effective configuration differs from the wanted one. Changes nothing.

    + wanted: returns the settings when the operation runs, or None if they can't be known
    """
    if not state.is_executing:
        host.noop("checked during the run")
        return
    found, settings = host.get_fact(Config), wanted()
    if found is None or found.settings is None or settings is None:
        yield fail("containerd's configuration could not be read; run `containerd config dump` on the host to see why")
        return
    wrong = differences(settings, found.settings)
    if wrong:
        yield fail(
            f"containerd {found.version} does not use the configuration that Kubernetes needs: {'; '.join(wrong)}. "
            "A file in /etc/containerd/conf.d may override it; remove that setting there"
        )
        return
    host.noop("containerd uses its configuration")
