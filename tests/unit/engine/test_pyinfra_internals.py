"""The hold on pyinfra: four names that are replaced, and all that is read without being documented.

If one of these fails after an update of pyinfra, look at engine/pyinfra_internals.py, and at what is named, before you use it.
"""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pyinfra_cli.cli
import pytest
from pyinfra.api import Host, State
from pyinfra.api.state import BaseStateCallback
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.ssh import SSHConnector

from tests.places import PROJECT

# Name → its parameters, as the replacement takes them.
REPLACED = {
    "pyinfra_cli.cli.make_inventory": ("inventory", "override_data", "cwd", "group_data_directories"),
    "pyinfra_cli.inventory.exec_file": ("filename", "return_locals", "is_deploy_code"),
    "pyinfra_cli.cli.connect_all": ("state",),
    "pyinfra.api.operation.get_operation_order_from_stack": ("state",),
}
# What pyinfra's documentation describes; all else that the project imports from it stands in READ.
DOCUMENTED = ("pyinfra", "pyinfra.api", "pyinfra.api.*", "pyinfra.connectors.base")
READ = {
    "pyinfra.api.util.PYINFRA_INSTALL_DIR",
    "pyinfra.connectors.ssh.SSHConnector",
    "pyinfra.connectors.util.CommandOutput",
    "pyinfra.connectors.util.OutputLine",
    "pyinfra.context.ctx_inventory",
    "pyinfra.context.ctx_state",
    "pyinfra.operations.util.files.generate_color_diff",
    "pyinfra_cli.cli",
    "pyinfra_cli.inventory.make_inventory",
    "pyinfra_cli.util.exec_file",
}
# Parameters of pyinfra's command line, read by their names in click.
PARAMETERS = {
    *("operations", "inventory", "data", "dry", "json_output", "yes", "verbosity"),
    *("limit", "exclude", "use_sudo_password"),
}
# Attributes that are read or set on pyinfra's objects, and methods that are overridden.
ATTRIBUTES: dict[type, set[str]] = {
    State: {
        *("current_deploy_filename", "current_op_file_number", "is_executing", "should_raise_failed_hosts"),
        *("is_host_in_limit", "add_callback_handler", "activate_host", "pool"),
    },
    Host: {
        *("connector_cls", "connector", "connected", "run_shell_command", "get_file", "get_fact", "noop"),
        *("connect", "connector_data", "print_prefix"),
    },
    BaseConnector: {"run_shell_command", "put_file", "get_file", "rsync", "disconnect"},
    SSHConnector: {"connect", "client", "make_paramiko_kwargs", "get_file_transfer_connection"},
    BaseStateCallback: {"operation_start", "operation_host_start", "operation_end"},
}
FOREIGN = ("pyinfra", "pyinfra_cli", "paramiko", "gevent", "click")
LOOK = "this pyinfra {}: look at engine/pyinfra_internals.py before you use it"


def sources() -> list[Path]:
    """Every Python file that runs in a pyinfra process."""
    folders = ("bench", "cluster", "day_two", "engine", "facts", "lab", "local", "measure", "operations", "phases")
    found = [path for folder in (*folders, "report", "tasks") for path in (PROJECT / folder).rglob("*.py")]
    return [*found, *PROJECT.glob("*.py")]


def imported(tree: ast.Module) -> dict[str, str]:
    """Name in the file → the foreign module or object that it stands for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FOREIGN:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in FOREIGN:
                    names[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
    return names


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """The foreign name that the expression leads to; empty if it leads to none."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return base and f"{base}.{node.attr}"
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "sys.modules":
        return str(ast.literal_eval(node.slice)) if isinstance(node.slice, ast.Constant) else ast.unparse(node.slice)
    return ""


def assigned(text: str) -> Iterator[str]:
    """Foreign names that the source assigns to, deletes or gives to setattr."""
    tree = ast.parse(text)
    names = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and dotted(node.value, names):
            names[node.targets[0].id] = dotted(node.value, names)
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "delattr"):
            at = dotted(node.args[0], names)
            yield from [f"{at}.{ast.unparse(node.args[1])}"] if at else []
        flat = [one for target in targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
        yield from (at for one in flat if isinstance(one, ast.Attribute) and (at := dotted(one, names)))


def test_four_names_of_pyinfra_are_replaced_in_one_file_and_no_more() -> None:
    found = {
        (str(path.relative_to(PROJECT)), name)
        for path in sources()
        for name in assigned(path.read_text())
        # The documented way to configure pyinfra.
        if not name.startswith("pyinfra.config.")
    }
    assert found == {("engine/pyinfra_internals.py", name) for name in REPLACED}


@pytest.mark.parametrize(
    "text",
    [
        "import pyinfra_cli.cli\npyinfra_cli.cli.run_ops = print",
        "from pyinfra.api import Host as H\nH.run_shell_command = print",
        "import pyinfra.api.host as at\nat.get_fact, x = print, 1",
        "from pyinfra.api import Host\nsetattr(Host, 'rsync', print)",
        "from paramiko.client import SSHClient\nSSHClient.exec_command = print",
        "import sys\nsys.modules['pyinfra.api.host'].get_fact = print",
        "import pyinfra_cli.cli\ncli = pyinfra_cli.cli\ncli.run_ops = print",
    ],
)
def test_the_test_above_finds_a_fifth(text: str) -> None:
    assert list(assigned(text))


RUN = """
import inspect, json, runpy, sys
import pyinfra_cli.cli, pyinfra_cli.main, paramiko
from pyinfra.api import Config, State
from pyinfra.context import ctx_config, ctx_state

def snapshot():
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("pyinfra", "pyinfra_cli", "paramiko", "click")}
    classes = {f"{one.__module__}.{one.__qualname__}": one for module in modules.values() for one in vars(module).values() if inspect.isclass(one)}
    return {f"{at}.{name}": value for at, holder in {**modules, **classes}.items() for name, value in vars(holder).items()}

ctx_config.set(Config())
ctx_state.set(State())
before = snapshot()
runpy.run_path("config.py")
after = snapshot()
print(json.dumps(sorted(name for name in before if after.get(name) is not before[name])))
"""


def test_at_run_time_they_alone_are_others() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], cwd=PROJECT, capture_output=True, text=True, check=True)
    # Set by pyinfra's own `set_echo`.
    assert json.loads(done.stdout) == sorted({*REPLACED, "pyinfra.api.output._echo"})


@pytest.mark.parametrize("name", REPLACED)
def test_pyinfra_has_the_name_and_gives_it_the_same(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    # As an attribute of pyinfra.api, `operation` is the decorator.
    import_module(module)
    replaced = getattr(sys.modules[module], attribute, None)
    assert replaced, LOOK.format(f"has no {name}")
    assert tuple(inspect.signature(replaced).parameters) == REPLACED[name], LOOK.format(f"calls {name} with others")


def test_pyinfra_calls_them_by_those_names() -> None:
    main = pyinfra_cli.cli._main.__code__.co_names
    inventory = sys.modules["pyinfra_cli.inventory"]
    for reader in (inventory._get_groups_from_filename, inventory._get_group_data):
        assert "exec_file" in reader.__code__.co_names, LOOK.format("reads inventories elsewhere")
    assert {"make_inventory", "connect_all"} <= set(main), LOOK.format("connects elsewhere")
    order = [
        function
        for function in vars(sys.modules["pyinfra.api.operation"]).values()
        if inspect.isfunction(function) and "get_operation_order_from_stack" in all_names(function.__code__)
    ]
    assert order, LOOK.format("finds the order of operations elsewhere")


def all_names(code: Any) -> set[str]:
    """Names that the code and its inner functions use."""
    inner = [names for one in code.co_consts if inspect.iscode(one) for names in all_names(one)]
    return {*code.co_names, *inner}


def test_what_is_imported_without_being_documented_is_listed() -> None:
    found = {name for path in sources() for name in imported(ast.parse(path.read_text())).values()}
    ours = {name for name in found if name.startswith("pyinfra") and not is_documented(name)}
    # `import pyinfra_cli.cli` binds the package.
    assert {name if name != "pyinfra_cli" else "pyinfra_cli.cli" for name in ours} == READ


def is_documented(name: str) -> bool:
    """Whether the name is in a documented module, or is one."""
    module = name.rpartition(".")[0]
    if name in READ:
        return False
    return name in DOCUMENTED or module in DOCUMENTED or module.startswith("pyinfra.api.")


@pytest.mark.parametrize("name", sorted(READ))
def test_what_is_read_is_there(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert hasattr(import_module(module), attribute), LOOK.format(f"has no {name}")


def test_the_command_line_has_the_parameters_that_are_read() -> None:
    known = {parameter.name for parameter in pyinfra_cli.cli.cli.params}
    assert known >= PARAMETERS, LOOK.format("names its parameters otherwise")
    calls = [
        node
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("option", "command_line.option")
    ]
    assert {node.args[0].value for node in calls if isinstance(node.args[0], ast.Constant)} == PARAMETERS


def test_ssh_is_used_by_the_connector_as_sessions_expect() -> None:
    """engine/ssh.py stands in for one method of the client, and for the files' connection."""
    text = inspect.getsource(sys.modules["pyinfra.connectors.ssh"])
    for used in ("self.client.exec_command(", "stdout_buffer.channel.recv_exit_status()", ".getfo(", ".putfo("):
        assert used in text, LOOK.format(f"does not use {used}")
    assert '"prompted_sudo_password"' in inspect.getsource(sys.modules["pyinfra.connectors.util"])


@pytest.mark.parametrize("holder", ATTRIBUTES, ids=lambda holder: holder.__name__)
def test_objects_have_the_attributes_that_are_used(holder: type) -> None:
    known = {name for one in holder.__mro__ for name in (*vars(one), *inspect.get_annotations(one))}
    assert known >= ATTRIBUTES[holder], LOOK.format(f"has changed its {holder.__name__}")
