"""What is wrong with the files of an inventory, through pyinfra's own reading of them: one refusal in four parts, and nothing is contacted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pyinfra_cli.inventory
import pytest
from pyinfra.api import State
from pyinfra.context import ctx_state

from engine import inventory, inventory_file
from engine.refusal import Refusal
from tests.unit.engine.test_cli import ALL, CLOUD, HOSTS

Refused = Callable[..., str]
LIMB = '("limb", {"lan_address": "10.1.0.3", "public_address": "203.0.113.3"})'
HUB = '("hub", {"roles": ("coordinator", "control_plane"), "lan_address": "10.1.0.2", "public_address": "203.0.113.2"})'


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """The refusal's text; empty if the inventory is right. `hosts`, `everybody` and `cloud` are the texts of its files."""
    monkeypatch.setattr(pyinfra_cli.inventory, "exec_file", inventory_file.read)
    # pyinfra compiles a file once in a process.
    numbers = itertools.count()

    def load(hosts: str = HOSTS, everybody: str = ALL, cloud: str | bytes = CLOUD) -> str:
        folder = tmp_path / str(next(numbers))
        (folder / "group_data").mkdir(parents=True)
        (folder / "inventory.py").write_text(hosts)
        (folder / "group_data" / "all.py").write_text(everybody)
        (folder / "group_data" / "cloud.py").write_bytes(cloud if isinstance(cloud, bytes) else cloud.encode())
        refusal = refusal_of(folder / "inventory.py")
        if refusal is None:
            return ""
        assert all(len(str(problem).splitlines()) == 4 for problem in refusal.problems)
        assert str(refusal).replace("\n", "").isprintable()
        assert len(str(refusal)) < 24 * 80 * len(refusal.problems)
        return str(refusal)

    return load


def refusal_of(file: Path) -> Refusal | None:
    with ctx_state.use(State()):
        try:
            inventory._model(inventory.load(str(file)))
        except Refusal as error:
            return error
    return None


def test_a_right_one(refused: Refused) -> None:
    assert refused() == ""
    # The same pair in two groups is one host, and a name alone is no second one.
    assert refused(f"_limb = {LIMB}\ncloud = [{HUB}, _limb]\nwide = cloud + ['limb']\n") == ""
    assert refused(f"cloud = ([{HUB}], {{}})\n") == ""


ODD_HOSTS = {
    "exit": ("exit()", "inventory.py line 1\n      what  it ends the program (exit"),
    "no_exception": ("raise BaseException('x')", "it raises BaseException: x"),
    "exception_without_text": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd()",
        "inventory.py line 4\n      what  it raises Odd:",
    ),
    "long_exception": ("raise ValueError('\\x1b\\u202e' + 'x' * 100_000)", "it raises ValueError: \\x1b\\u202exxx"),
    "recursion": ("def f(): f()\nf()", "it raises RecursionError"),
    "bytes_name": (f"cloud = [{HUB}, (b'limb', {{}})]", "entry 2, has the name b'limb', which is no text"),
    "number_as_name": (f"limb = 5\ncloud = [{HUB}, (limb, {{}})]", "entry 2, has the name 5, which is no text"),
    "empty_name": (f"cloud = [{HUB}, '']", "entry 2, has an empty name"),
    "connector": (f"cloud = [{HUB}, '@terraform']", "names a connector of pyinfra"),
    "entry_of_three": (f"limb = ('limb', {{}}, 1)\ncloud = [{HUB}, limb]", "is neither a name nor a pair of name and data"),
    "data_of_a_function": (f"cloud = [{HUB}, ('limb', dict)]", "is neither a name nor a pair"),
    "list_of_numbers": (f"{HOSTS}\nports = list(range(3))", "inventory.py ports\n      what  entry 1, 0, is neither"),
    "tuple": (f"{HOSTS}\nports = (1, 2)", "inventory.py ports\n      what  it is a tuple"),
    "by_a_function": (
        f"def _limb(at): return ('limb', {{'lan_address': at}})\ncloud = [{HUB}, _limb('10.1.0.3'), _limb('10.1.0.4')]",
        "inventory.py limb\n      what  the host is written 2 times",
    ),
    "in_two_steps": (f"{HOSTS}\ncloud = cloud + [{LIMB}]", "the host is written 2 times"),
    "in_a_comprehension": (
        f"cloud = [{HUB}] + [('limb', {{'lan_address': f'10.1.0.{{at}}'}}) for at in (3, 4, 5)]",
        "the host is written 3 times",
    ),
    "in_two_groups": (f"{HOSTS}\nhome = [('hub', {{}})]", "the host is written 2 times"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD_HOSTS)
def test_hosts(case: str, refused: Refused) -> None:
    hosts, message = ODD_HOSTS[case]
    assert message in refused(hosts)


ODD_DATA = {
    "exit": ("exit(0)", "group_data/cloud.py line 1\n      what  it ends the program"),
    "generator_exit": ("raise GeneratorExit", "it raises GeneratorExit"),
    "no_utf8": (b"site = '\xff'", "group_data/cloud.py\n      what  it raises UnicodeDecodeError"),
    "nul": (f"{CLOUD}x = '\0'", "it is no Python: source code"),
    "sudo_as_text": (f'{CLOUD}_sudo = "yes"', "limb._sudo\n      what  'yes' is not of the type bool"),
    "password_of_sudo": (f"{CLOUD}_sudo_password = 1234", "a value of type int is not of the type str"),
    "environment": (f"{CLOUD}_env = 5", "such as {\"LANG\": \"C.UTF-8\"}, or leave _env out"),
    "absent_key": (f'{CLOUD}ssh_key = "/no/such/key"', "limb.ssh_key\n      what  /no/such/key is not a file"),
    "absent_key_and_other": (f'{CLOUD}ssh_key = "/no"\nimage = "odd"', "limb.ssh_key"),
    "folder_as_key": (f'{CLOUD}ssh_key = "/tmp"', "/tmp is not a file"),
    "long_path": (f'{CLOUD}ssh_key = "x" * 5000', "is not a file"),
    "nul_in_a_path": (f'{CLOUD}ssh_key = "a\\0b"', "is no path"),
    "absent_known_hosts": (f'{CLOUD}ssh_known_hosts_file = "~/no/such"', "every host key would be accepted"),
    "absent_config": (f'{CLOUD}ssh_config_file = "/no/such"', "without its bastion"),
    "port_in_quotes": (f'{CLOUD}ssh_port = "22"', "'22' is not a number from 1 to 65535"),
    "port_of_a_float": (f"{CLOUD}ssh_port = 22.0", "22.0 is not a number"),
    "key_is_a_number": (f"{CLOUD}ssh_key = 5", "5 is no path in quotes"),
    "known_hosts_is_a_number": (f"{CLOUD}ssh_known_hosts_file = 7", "7 is no path in quotes"),
    "no_key": (f"{CLOUD}ssh_key = None", "None is no path in quotes"),
    "checking_is_a_number": (f"{CLOUD}ssh_strict_host_key_checking = 1", "1 is not known"),
    "checking_is_odd": (f'{CLOUD}ssh_strict_host_key_checking = "strict"', "write yes, accept-new, no or off"),
    "agent": (f'{CLOUD}ssh_forward_agent = "no"', "'no' is not True or False"),
    "paramiko": (f"{CLOUD}ssh_paramiko_connect_kwargs = [1]", "[1] is not a mapping of names to values"),
    "password": (f"{CLOUD}ssh_password = 987654", "a value of type int is not a text in quotes"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD_DATA)
def test_group_data(case: str, refused: Refused) -> None:
    cloud, message = ODD_DATA[case]
    told = refused(cloud=cloud)
    assert message in told
    assert "987654" not in told


def test_a_public_key_is_no_private_one(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "id.pub").write_text("ssh-ed25519 AAAA")
    (tmp_path / "empty").write_text("")
    assert "id.pub is a public key" in refused(cloud=f'{CLOUD}ssh_key = "{tmp_path}/id.pub"')
    assert "empty holds no private key" in refused(cloud=f'{CLOUD}ssh_key = "{tmp_path}/empty"')


def test_any_object_may_be_in_the_arguments_of_paramiko(refused: Refused) -> None:
    assert refused(cloud=f'{CLOUD}ssh_paramiko_connect_kwargs = {{"sock": object(), "banner_timeout": 5}}') == ""


@pytest.mark.parametrize("path", ["/no/such.py", "x" * 5000 + ".py", "a\0b.py"])
def test_no_file(path: str) -> None:
    with pytest.raises(Refusal, match="there is no such file"):
        inventory.load(path)
