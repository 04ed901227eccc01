"""No answer from before a change: on pyinfra's real engine, with hosts that are folders of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyinfra.api import HiddenValue, StringCommand

from tests.unit.engine.fact_cache.world import NAMES, A, B, Failing, Line, Make, SharedLine, Who, learned, replace


@pytest.mark.parametrize("yes", [True, False], ids=["with -y", "with a preview"])
@pytest.mark.parametrize("layer", [True, False], ids=["layer", "plain"])
def test_an_operation_that_reads_changes_and_reads_again_sees_its_change(make: Make, yes: bool, layer: bool) -> None:
    for run in ("first", "second"):
        world, seen = make(A, layer=layer), []
        world.run(
            (replace, {"file": "x", "text": run, "seen": seen}),
            (replace, {"file": "x", "text": "other", "seen": seen}),
            yes=yes,
        )
        before = "absent" if run == "first" else "other"
        in_preview = [] if yes else [before] * 2 if run == "first" else [before, before]
        assert seen == [*in_preview, before, run, run, "other"], run
        world.dispatcher.history.save()


def test_everything_that_was_asked_last_time_is_one_execution(make: Make) -> None:
    world = learned(make, A)
    assert [world.ask(A, Line, file=name) for name in NAMES] == ["absent"] * 7
    assert [text.split()[0] for text in world.sent(A)] == ["sh"]


@pytest.mark.parametrize("yes", [True, False], ids=["with -y", "with a preview"])
def test_a_run_that_changes_nothing_is_one_execution(make: Make, yes: bool) -> None:
    steps = [(replace, {"file": name, "text": "wanted", "seen": []}) for name in NAMES]
    for executions in (None, None, 1, 1):
        world = make(A)
        world.run(*steps, yes=yes)
        world.dispatcher.history.save()
        assert executions in (None, len(world.sent(A)))


def test_a_command_makes_all_answers_of_its_host_old_and_no_others(make: Make) -> None:
    world = learned(make, A, B)
    for host in (A, B):
        world.ask(host, Line, file="one")
    assert world.command(A, 'echo new > "$HERE/two"')
    world.sent(A), world.sent(B)
    assert world.ask(A, Line, file="two") == "new"
    assert world.ask(B, Line, file="two") == "absent"
    assert (len(world.sent(A)), len(world.sent(B))) == (1, 0)


@pytest.mark.parametrize("ending", ["exit 7", "raise"])
def test_a_command_that_fails_or_breaks_off_makes_answers_old_too(make: Make, ending: str) -> None:
    world = learned(make, A)
    world.ask(A, Line, file="one")
    if ending == "raise":
        world.folder(A).while_running["echo new"] = lambda: (_ for _ in ()).throw(OSError("the connection broke"))
        with pytest.raises(OSError, match="broke"):
            world.command(A, 'echo new > "$HERE/one"')
        assert world.ask(A, Line, file="one") == "new"
        # It may still be at work: nothing is believed for longer than it takes to say it.
        Path(world.folder(A).here, "one").write_text("newer\n")
        assert world.ask(A, Line, file="one") == "newer"
    else:
        assert not world.command(A, 'echo new > "$HERE/one"; exit 7')
        assert world.ask(A, Line, file="one") == "new"


def test_an_upload_makes_answers_old(make: Make, tmp_path: Path) -> None:
    world = learned(make, A)
    world.ask(A, Line, file="one")
    (tmp_path / "new").write_text("new\n")
    world.host(A).put_file(str(tmp_path / "new"), str(world.folder(A).here / "one"))
    assert world.ask(A, Line, file="one") == "new"


def test_a_command_on_any_host_makes_shared_answers_old(make: Make) -> None:
    world = learned(make, A, B, fact=SharedLine)
    assert world.ask(A, SharedLine, file="one") == world.ask(A, SharedLine, file="two") == "absent"
    world.sent(A)
    assert world.command(B, f"for f in one two; do echo new > {world.folder(A).here}/$f; done")
    assert [world.ask(A, SharedLine, file=name) for name in ("one", "two", "one")] == ["new"] * 3
    # From here on they go by themselves: what a command sets going takes its time to be seen.
    assert all("cat" in text for text in world.sent(A))


def test_after_a_command_shared_answers_are_not_asked_ahead(make: Make) -> None:
    before = make(A, B)
    for name in NAMES:
        before.ask(A, Line, file=name)
        before.ask(A, SharedLine, file=f"shared-{name}")
    before.dispatcher.history.save()
    world = make(A, B)
    world.command(B, "true")
    world.ask(A, Line, file="one")
    assert [world.ask(A, Line, file=name) for name in NAMES] == ["absent"] * 7
    assert len(world.sent(A)) == 1
    assert world.ask(A, SharedLine, file="shared-one") == "absent"
    assert len(world.sent(A)) == 1


def test_the_mark_of_who_asks_counts_and_not_the_one_that_was_remembered(make: Make) -> None:
    world = learned(make, A, fact=Line)
    assert world.ask(A, SharedLine, file="one") == "absent"
    assert world.command(B if B in world.inventory else A, "true")
    Path(world.folder(A).here, "one").write_text("new\n")
    assert world.ask(A, SharedLine, file="one") == "new"


def test_a_failing_question_is_asked_by_itself_and_fails_as_ever(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        world = make(A, B)
        world.state.activate_host(world.host(B))
        assert world.ask(A, Line, file="one") == "absent"
        assert world.ask(A, Failing) == "default"
        assert world.state.failed_hosts == {world.host(A)}
        assert "[@fake/a] half" in caplog.text
        caplog.clear()
        assert world.ask(A, Line, file="two") == "absent"
        world.dispatcher.history.save()
    assert len(world.sent(A)) == 2


def test_each_privilege_is_asked_by_itself(make: Make) -> None:
    for executions in (6, 2):
        world = make(A)
        answers = [world.ask(A, Who, **level) for level in ({}, {"_sudo": True}) for _ in range(3)]
        assert answers == ["user"] * 3 + ["root"] * 3
        for name in ("one", "two"):
            world.ask(A, Line, file=name)
            world.ask(A, Line, file=name, _sudo=True)
        world.dispatcher.history.save()
        assert len(world.sent(A)) == executions


def test_a_question_with_other_arguments_goes_as_in_plain_pyinfra(make: Make) -> None:
    for _ in range(2):
        world = make(A)
        for _ in range(2):
            assert world.ask(A, Line, file="one", _timeout=5) == "absent"
        world.dispatcher.history.save()
        assert len(world.sent(A)) == 2


def test_what_hides_something_is_neither_kept_nor_remembered(make: Make, tmp_path: Path) -> None:
    class Hidden(Line):
        def command(self, file: str) -> StringCommand:
            return StringCommand("echo", HiddenValue("the-secret"))

    world = make(A)
    assert [world.ask(A, Hidden, file="x") for _ in range(2)] == ["the-secret"] * 2
    world.ask(A, Line, file="one", _env={"PASSWORD": "the-secret"})
    world.ask(A, Line, file="one")
    world.dispatcher.history.save()
    (kept,) = (tmp_path / "lists").iterdir()
    assert "the-secret" not in kept.read_text()
    assert len(world.sent(A)) == 4


def test_after_a_change_a_few_are_asked_then_twice_as_many(make: Make) -> None:
    world = learned(make, A)
    world.ask(A, Line, file="one")
    world.command(A, "true")
    world.sent(A)
    bundles = []
    for name in NAMES:
        world.ask(A, Line, file=name)
        bundles.append(len(world.sent(A)))
    assert bundles == [1, 1, 0, 1, 0, 0, 0]


def test_a_host_that_nobody_asked_before_is_asked_question_by_question(make: Make) -> None:
    world = learned(make, A)
    other = make(A, B)
    other.ask(B, Line, file="one")
    other.ask(B, Line, file="two")
    assert len(other.sent(B)) == 2
    assert world.sent(A) == []


def test_preview_and_run_are_the_same_with_and_without_the_layer(make: Make, tmp_path: Path) -> None:
    ends = []
    for layer in (False, True, True):
        for file in tmp_path.glob("-*/*"):
            file.unlink()
        for host in ("@fake-a", "@fake-b"):
            (tmp_path / host).mkdir(exist_ok=True)
            for name in NAMES:
                (tmp_path / host / name).write_text("old\n" if name in ("two", "five") else "wanted\n")
        world, seen = make(A, B, layer=layer), []
        world.run(*((replace, {"file": name, "text": "wanted", "seen": seen}) for name in NAMES), yes=False)
        metas = [world.state.ops[world.host(host)] for host in (A, B)]
        changed = [[data.operation_meta.did_change() for data in meta.values()] for meta in metas]
        ends.append((sorted(seen), changed, [(tmp_path / "@fake-a" / name).read_text() for name in NAMES]))
        world.dispatcher.history.save()
    assert ends[0] == ends[1] == ends[2]
    assert sum(map(sum, ends[0][1])) == 4
