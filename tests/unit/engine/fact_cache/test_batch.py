"""A bundle gives each question what it would have been given by itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.fact_cache.batch import answers, script
from facts.kubernetes import Manifest

TAG = "0123456789abcdef"


def through_sh(*texts: str, waiting: tuple[int, ...] = ()) -> dict[int, list[str]]:
    done = subprocess.run(["sh", "-s"], input=script(texts, TAG, waiting), capture_output=True, text=True, check=False)
    both = [answers(said.split("\n")[:-1], len(texts), TAG) for said in (done.stdout, done.stderr)]
    return {**both[0], **both[1]}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("echo a; echo b", ["a", "b"]),
        ("printf a", ["a"]),
        ("printf 'a\\n\\n'", ["a", ""]),
        ("printf '\\n'", [""]),
        ("true", []),
        ("echo \"it's\" '$HOME' %s \\\\", ["it's $HOME %s \\"]),
        ("cat <<'END'\na 'b'\n  c\nEND", ["a 'b'", "  c"]),
        ("cat; echo end", ["end"]),
        ("echo said; echo unheard >&2", ["said"]),
        ("echo early; exit 0; echo late", ["early"]),
        ("cd /; pwd", ["/"]),
    ],
)
def test_an_answer_is_what_the_question_alone_prints(text: str, lines: list[str]) -> None:
    before, after = "echo before", "pwd; echo after"
    found = through_sh(before, text, after)
    assert found[1] == lines
    assert found[0] == ["before"]
    assert found[2][-1] == "after"


@pytest.mark.parametrize(
    "text", ["exit 3", "false", "if", "echo 'unclosed", f"echo {TAG} 1 ends 0; echo x", "kill -9 $$"]
)
def test_one_that_fails_or_prints_the_tag_has_no_answer_and_spoils_no_other(text: str) -> None:
    found = through_sh("echo before", text, "echo after")
    assert found == {0: ["before"], 2: ["after"]}


def test_those_that_wait_go_beside_the_others_and_no_answer_is_mixed(tmp_path: Path) -> None:
    def long(number: int) -> str:
        return f"yes {number}{'x' * 200} | head -n 2000"

    meet = f"touch {tmp_path}/%s; until test -e {tmp_path}/%s; do sleep 0.01; done; "
    texts = [meet % ("a", "b") + long(0), meet % ("b", "a") + long(1), "false", "echo unheard >&2; echo end"]
    found = through_sh(*texts, waiting=(1, 3))
    assert {number: (len(lines), set(lines)) for number, lines in found.items()} == {
        0: (2000, {"0" + "x" * 200}),
        1: (2000, {"1" + "x" * 200}),
        3: (1, {"end"}),
    }


def test_a_script_that_was_cut_off_does_nothing(tmp_path: Path) -> None:
    whole = script([f"touch {tmp_path}/made", "echo b"], TAG)
    done = subprocess.run(["sh", "-s"], input=whole[: len(whole) - 10], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert subprocess.run(["ls", str(tmp_path)], capture_output=True, check=True).stdout == b""


def test_more_than_an_argument_holds_goes_through() -> None:
    texts = [f"echo {number}; : {'x' * 20000}" for number in range(20)]
    assert through_sh(*texts) == {number: [str(number)] for number in range(20)}


def test_a_manifest_in_a_document_of_its_own_goes_through() -> None:
    text = Manifest().command("kind: 'Thing'\ntext: |\n  $(rm) `x` \"y\"").replace("test -f", "test -n")
    shown = text.partition("<<")[2].splitlines()[1:-2]
    assert through_sh(f"cat <<{text.partition('<<')[2].rpartition(');')[0].rstrip()}\n", "echo after") == {
        0: shown,
        1: ["after"],
    }
