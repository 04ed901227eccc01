"""The command line of the lab."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from lab.faults import listing
from lab.faults.catalogue import FAULTS
from lab.mirror.request import VERSION, Request
from lab.world.state import PROJECT

DESCRIPTION = "A simulated world in which one machine rehearses the declared cluster (lab/README.md)."
EPILOG = "HOST and SITE are names of the inventory. What follows -- is passed on as it is."
PARTS = tuple(field.name for field in fields(Request) if field.name != "architectures")
PASSTHROUGH = ("deploy", "verify", "run", "operator")


def parse(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and what followed `--`."""
    cut = words.index("--") if "--" in words else len(words)
    # First what all verbs share: argparse would not find a list of hosts that stands after an option.
    which, others = which_lab(PROJECT / "inventory.py", None).parse_known_args(words[:cut])
    given, rest = parser().parse_args(others, which), list(words[cut + 1 :])
    if rest and given.verb not in PASSTHROUGH:
        parser().error(f"{given.verb} passes nothing on, so it takes no --")
    if not rest and given.verb in ("run", "operator"):
        parser().error(f"{given.verb} needs a command after --")
    if given.verb in ("break", "heal") and not given.fault and not given.list:
        parser().error(f"{given.verb} needs a FAULT; {given.verb} --list shows them")
    return given, rest


def which_lab(inventory: Path | str, run: str | None) -> argparse.ArgumentParser:
    """The options of all verbs, with these defaults."""
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--inventory", type=Path, default=inventory, metavar="PATH", help="default: inventory.py")
    options.add_argument("--run", default=run, metavar="ID", help="which lab; by default each inventory has its own")
    return options


def parser() -> argparse.ArgumentParser:
    """All verbs and their options."""
    common = which_lab(argparse.SUPPRESS, argparse.SUPPRESS)
    top = argparse.ArgumentParser(prog="python -m lab", description=DESCRIPTION, epilog=EPILOG)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text, parents=[common], epilog=EPILOG, allow_abbrev=False)

    _up(verb("up", "make the world and boot its hosts"))
    verb("deploy", "run deploy.py as the operator; what follows -- goes to pyinfra")
    waiting = verb("verify", "run verify.py as the operator; what follows -- goes to pyinfra")
    waiting.add_argument("--wait", type=int, metavar="SECONDS", help="until all is well, at most so long")
    _conformance(verb("conformance", "run Kubernetes' own conformance tests against the cluster, as the operator"))
    verb("status", "hosts, their releases, memory, whether SSH answers")
    verb("shell", "a root shell on a host").add_argument("host", metavar="HOST")
    verb("run", "run a command on a host, as root: run HOST -- CMD…").add_argument("host", metavar="HOST")
    verb("operator", "run a command on the operator's machine: operator -- CMD…")
    verb("log", "what the mirror was asked for, one JSON object a line")
    _power(verb("power", "cut the power of hosts, boot them again, or replace them"))
    verb("readdress", "the inventory has other public addresses: lead them to the hosts, as a provider does")
    _delay(verb("delay", "switch the links' delay and loss"))
    _fault(verb("break", "cause a fault"))
    _fault(verb("heal", "undo a fault"))
    verb("down", "remove the lab, also a half-made one, and nothing else")
    return top


def _up(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--no-delay", action="store_true", help="links without their declared delay and loss")
    verb.add_argument("--keep", action="store_true", help="if it fails, leave what was made, to look at it")
    also = "another version that the mirror serves, beside the declared one, to be upgraded to (may be repeated)"
    verb.add_argument("--also", action="append", type=part_version, default=[], metavar="PART=X.Y.Z", help=also)
    acme = "the gateway obtains its certificate by ACME, from an authority of the lab's; else it is given one"
    verb.add_argument("--acme", action="store_true", help=acme)
    architecture = "artifacts of this architecture (may be repeated; default: this machine's)"
    verb.add_argument("--arch", action="append", choices=("amd64", "arm64"), help=architecture)


def part_version(text: str) -> tuple[str, str]:
    """kubernetes=1.36.3: a part that has a version of its own, and one of its versions."""
    part, _, version = text.partition("=")
    if part not in PARTS or not VERSION.fullmatch(version):
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(PARTS)}, and = and X.Y.Z")
    return part, version


def milliseconds(text: str) -> float:
    """A time that is not negative."""
    if (value := float(text)) < 0:
        raise ValueError(text)
    return value


def two_or_more(text: str) -> int:
    """How many at a time: one alone says what it does in another form."""
    if (value := int(text)) < 2:
        raise ValueError(text)
    return value


def _conformance(verb: argparse.ArgumentParser) -> None:
    groups = "the tests of these groups of Kubernetes' developers (default: network apps)"
    verb.add_argument("--sig", nargs="+", default=["network", "apps"], metavar="GROUP", help=groups)
    verb.add_argument(
        "--only", default="", type=pattern, metavar="REGEX", help="of these, the tests whose names it fits"
    )
    verb.add_argument(
        "--processes", type=two_or_more, default=4, metavar="N", help="tests at a time; 2 or more (default: 4)"
    )


def pattern(text: str) -> str:
    """A regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text


def _delay(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("state", choices=("on", "off"), help="the declared delay and loss of all sites")
    own = "and what the operator's own link adds to each round trip"
    verb.add_argument("--operator", type=milliseconds, metavar="MS", help=own)


def _power(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "state", choices=("on", "off", "new"), help="new: another machine in its place, with an empty disk"
    )
    verb.add_argument("hosts", nargs="*", metavar="HOST", help="default: all")


def _fault(verb: argparse.ArgumentParser) -> None:
    verb.formatter_class = argparse.RawDescriptionHelpFormatter
    verb.epilog = f"The faults, and what each one happens to:\n{listing()}"
    verb.add_argument("fault", nargs="?", choices=FAULTS, metavar="FAULT", help="one of those below")
    verb.add_argument("target", nargs="?", metavar="TARGET", help="the host or site")
    verb.add_argument("--list", action="store_true", help="show all faults and do nothing")
