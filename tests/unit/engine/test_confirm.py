"""A task that destroys asks before its first change, on pyinfra's real engine; a prompt that nobody answers ends the run."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyinfra.api import Config, Inventory, State, operation
from pyinfra.api.connect import connect_all
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.context import ctx_state

from cluster.tasks import TASKS
from engine import confirm
from tests.places import PROJECT

WAYS = {"as usual": {}, "--serial": {"serial": True}, "--no-wait": {"no_wait": True}}


@operation()
def write(path: str):  # type: ignore[no-untyped-def]
    """Leave a file."""
    yield f"echo done >> '{path}'"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs two operations as `pyinfra tasks/reset.py` would, with those lines on standard input; what they wrote."""

    def ran(answers: str, given: dict[str, str] | None = None, task: str = "reset", **options: bool) -> str:
        monkeypatch.setattr(confirm.command_line, "task", lambda: TASKS[task])
        monkeypatch.setattr(confirm.command_line, "given", lambda: given or {})
        monkeypatch.setattr(confirm, "current_cluster", lambda: type("Cluster", (), {"cluster_name": "calm"}))
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        confirm.end_unanswered_prompts()
        state = State(Inventory((["@local"], {})), Config())
        state.add_callback_handler(confirm.Confirmation())
        with ctx_state.use(state):
            connect_all(state)
            for name in ("first", "second"):
                add_op(state, write, path=str(tmp_path / "written"), name=name)
            assert capture(tmp_path) == "", "a preview changes nothing"
            run_ops(state, **options)
        return capture(tmp_path)

    return ran


def capture(folder: Path) -> str:
    """What the operations wrote."""
    return "".join(path.read_text() for path in folder.glob("written"))


@pytest.mark.parametrize("way", WAYS)
def test_the_name_is_typed_once_and_then_all_is_done(run: Callable[..., str], way: str) -> None:
    assert run("calm\n", **WAYS[way]) == "done\ndone\n"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", ["", "\n", "clam\n"])
def test_without_it_the_run_ends_before_the_first_change(
    run: Callable[..., str], way: str, answer: str, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(answer, **WAYS[way])
    assert (ended.value.code, capture(tmp_path)) == (1, "")


def test_it_is_not_asked_if_yes_was_given_or_nothing_is_destroyed(run: Callable[..., str]) -> None:
    assert run("", given={"yes": "calm"}) == "done\ndone\n"


def test_a_task_that_destroys_nothing_does_not_ask(run: Callable[..., str]) -> None:
    assert run("", task="uncordon") == "done\ndone\n"


CONFIG = "from engine.confirm import end_unanswered_prompts\nend_unanswered_prompts()\n"
DEPLOY = 'from pyinfra.operations import server\nserver.shell(commands=["touch {}/touched"])\n'


def pyinfra(folder: Path, *words: str) -> list[str]:
    """The command line of a deploy that changes something on this machine."""
    (folder / "config.py").write_text(CONFIG)
    (folder / "deploy.py").write_text(DEPLOY.format(folder))
    return [str(Path(sys.executable).with_name("pyinfra")), "@local", "deploy.py", *words]


@pytest.mark.parametrize(("answer", "code"), [("", 1), ("\n", 0)])
def test_pyinfras_own_prompt_ends_in_words_if_nobody_answers(tmp_path: Path, answer: str, code: int) -> None:
    done = subprocess.run(
        pyinfra(tmp_path),
        cwd=tmp_path,
        input=answer,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("Nobody answers here" in done.stderr) == bool(code)
    assert "Traceback" not in done.stderr
    assert (tmp_path / "touched").exists() == (not code)


def test_a_preview_asks_nobody(tmp_path: Path) -> None:
    done = subprocess.run(
        pyinfra(tmp_path, "--dry"),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Nobody answers" in done.stderr) == (0, False)


@pytest.mark.parametrize(("typed", "code"), [(b"\x04", 1), (b"\n", 0)], ids=["Ctrl-D", "Enter"])
def test_at_a_terminal(tmp_path: Path, typed: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        pyinfra(tmp_path),
        cwd=tmp_path,
        stdin=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        text=True,
    ) as process:
        os.write(ours, typed)
        _, shown = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code, shown
    assert ("Nobody answers here" in shown) == bool(code)
