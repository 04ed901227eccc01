"""`pytest tests/hosts --inventory PATH`: one test for each host of a module's role, by SSH, on the hosts of that inventory.

They talk to real machines, so they are collected only if this folder, or something in it, is named on the command line.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

import pytest

from cluster.inventory.declare import declare
from cluster.problems import ModelError
from lab.load_inventory import merged
from tests.hosts.roles import Machine
from tests.places import PROJECT

HERE = Path(__file__).parent
AFTER_RESET = "test_after_reset.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hosts")
    group.addoption(
        "--inventory",
        type=Path,
        default=PROJECT / "inventory.py",
        metavar="PATH",
        help="the inventory whose hosts are asked",
    )
    group.addoption("--limit", action="append", metavar="HOST", help="ask this host alone (may be repeated)")
    group.addoption("--reset", action="store_true", help="assert what a reset leaves, instead of what a deploy does")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse a wrong inventory once, before any test is collected. pytest asks here only if the folder is named."""
    declared_machines(session.config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the folder out unless it is named; of its modules, those that are of the other kind."""
    paths = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    if not any(path.is_relative_to(HERE) for path in paths):
        return True
    is_test = collection_path.name.startswith("test_")
    return True if is_test and (collection_path.name == AFTER_RESET) != config.getoption("--reset") else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`is_asked` of the module decides which hosts it is for, `@each` of a test for which values."""
    if "machine" not in metafunc.fixturenames:
        return
    machines = declared_machines(metafunc.config)
    limit = metafunc.config.getoption("--limit") or machines
    chosen = [
        machines[name] for name in machines if name in limit and metafunc.module.is_asked(machines[name].declared)
    ]
    if not hasattr(metafunc.function, "each"):
        metafunc.parametrize("machine", chosen, ids=[machine.declared.name for machine in chosen])
        return
    name, rows = metafunc.function.each
    pairs = [(machine, row) for machine in chosen for row in rows(machine.cluster, machine.declared)]
    # A row of several values is known by its first.
    titles = [f"{machine.declared.name}-{row[0] if isinstance(row, tuple) else row}" for machine, row in pairs]
    metafunc.parametrize(("machine", name), pairs, ids=titles)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests for which this inventory has no host or no value; pytest would call them skipped."""
    empty = [item for item in items if item.path.is_relative_to(HERE) and item.get_closest_marker("skip")]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if item not in empty]


@functools.cache
def declared_machines(config: pytest.Config) -> dict[str, Machine]:
    """Name → each host of the inventory; none is contacted before a test asks it. UsageError if inventory or --limit is wrong."""
    inventory, limit = config.getoption("--inventory"), set(config.getoption("--limit") or ())
    try:
        data = merged(inventory)
        cluster = declare(data)
    except (subprocess.CalledProcessError, ModelError) as error:
        # A wrong inventory is described on standard error already.
        raise pytest.UsageError(f"{inventory} can't be loaded: {error}") from None
    if limit - set(data):
        unknown = ", ".join(sorted(limit - set(data)))
        raise pytest.UsageError(f"--limit {unknown}: the hosts are {', '.join(data)}")
    # Paths of sockets must be short, and pytest's own folders are not.
    folder = tempfile.TemporaryDirectory(prefix="hosts-", dir="/tmp")
    config.add_cleanup(folder.cleanup)
    machines: dict[str, Machine] = {}
    for host in cluster.hosts:
        machines[host.name] = Machine(cluster, host, machines, data[host.name], folder.name)
    return machines
