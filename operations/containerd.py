"""containerd as Kubernetes needs it."""

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
    Refuse a host whose containerd understood its configuration otherwise than it was meant. Changes nothing.

    + wanted: gives the settings when the operation runs
    """
    if not state.is_executing:
        host.noop("judged in the run")
        return
    found, settings = host.get_fact(Config), wanted()
    if found is None or found.settings is None or settings is None:
        yield fail("containerd can't say its configuration; `containerd config dump` on the host tells why")
        return
    wrong = differences(settings, found.settings)
    if wrong:
        yield fail(
            f"containerd {found.version} reads its configuration otherwise than it is meant: {'; '.join(wrong)}; look into /etc/containerd/conf.d"
        )
        return
    host.noop("containerd understands its configuration")
