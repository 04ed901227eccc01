"""The command line of the lab."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from lab.faults import listing
from lab.faults.catalogue import FAULTS
from lab.mirror.official.choice import SOURCES
from lab.mirror.request import VERSION, Request
from lab.world.state import PROJECT

DESCRIPTION = "A simulated world in which one machine rehearses the declared cluster (lab/README.md)."
EPILOG = "HOST and SITE are names of the inventory. Arguments after -- are passed on unchanged."
PARTS = tuple(field.name for field in fields(Request) if field.name != "architectures")
PASSTHROUGH = ("deploy", "verify", "run", "operator")


def parse(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and the words after `--`."""
    cut = words.index("--") if "--" in words else len(words)
    # The common options first: argparse does not find a list of hosts after an option.
    which, others = which_lab(PROJECT / "inventory.py", None).parse_known_args(words[:cut])
    given, rest = parser().parse_args(others, which), list(words[cut + 1 :])
    if rest and given.verb not in PASSTHROUGH:
        parser().error(f"{given.verb} runs no command, so it takes no --")
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

    _up(verb("up", "create the lab and boot its hosts"))
    verb("deploy", "run deploy.py as the operator; arguments after -- go to pyinfra")
    waiting = verb("verify", "run verify.py as the operator; arguments after -- go to pyinfra")
    waiting.add_argument("--wait", type=int, metavar="SECONDS", help="repeat until it finds nothing, at most this long")
    _conformance(verb("conformance", "run Kubernetes' own conformance tests against the cluster, as the operator"))
    verb("status", "hosts, their releases, memory, whether SSH answers")
    verb("shell", "a root shell on a host").add_argument("host", metavar="HOST")
    verb("run", "run a command on a host, as root: run HOST -- CMD…").add_argument("host", metavar="HOST")
    verb("operator", "run a command on the operator's machine: operator -- CMD…")
    verb("log", "the requests to the mirror, one JSON object a line")
    verb("console", "what a host has printed on its console").add_argument("host", metavar="HOST")
    _power(verb("power", "cut the power of hosts, boot them, or replace them"))
    verb("readdress", "route the inventory's changed public addresses to the hosts, as a provider does")
    _delay(verb("delay", "switch the links' delay and loss"))
    _fault(verb("break", "cause a fault"))
    _fault(verb("heal", "undo a fault"))
    verb("down", "remove the lab, also a half-made one, and nothing else")
    return top


def _up(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--no-delay", action="store_true", help="links without their declared delay and loss")
    verb.add_argument("--keep", action="store_true", help="if it fails, keep what was made, to look at it")
    also = "another version that the mirror serves, for an upgrade (may be repeated)"
    verb.add_argument("--also", action="append", type=part_version, default=[], metavar="PART=X.Y.Z", help=also)
    acme = "the gateway obtains its certificate by ACME from the lab's authority; default: a certificate by file"
    verb.add_argument("--acme", action="store_true", help=acme)
    architecture = (
        "artifacts of this architecture, too (may be repeated); this machine's and its hosts' are there anyway"
    )
    verb.add_argument("--arch", action="append", choices=("amd64", "arm64"), default=[], help=architecture)
    machines = "every host is a virtual machine, not only the declared ones"
    verb.add_argument("--machines", action="store_true", help=machines)
    source = "packages and images: the publishers' own as far as they can be had (auto), all of them, or all built here (default: auto)"
    verb.add_argument("--source", choices=SOURCES, default="auto", help=source)


def part_version(text: str) -> tuple[str, str]:
    """Parse kubernetes=1.36.3: a component and a version of it."""
    part, _, version = text.partition("=")
    if part not in PARTS or not VERSION.fullmatch(version):
        raise argparse.ArgumentTypeError(f"{text!r} is not {' or '.join(PARTS)}, then =X.Y.Z")
    return part, version


def milliseconds(text: str) -> float:
    """Parse a time in ms, 0 or more."""
    if (value := float(text)) < 0:
        raise ValueError(text)
    return value


def two_or_more(text: str) -> int:
    """Parse a number of processes, 2 or more: one process prints its progress in another format."""
    if (value := int(text)) < 2:
        raise ValueError(text)
    return value


def _conformance(verb: argparse.ArgumentParser) -> None:
    groups = "the tests of these groups of Kubernetes' developers (default: network apps)"
    verb.add_argument("--sig", nargs="+", default=["network", "apps"], metavar="GROUP", help=groups)
    verb.add_argument("--only", default="", type=pattern, metavar="REGEX", help="of these, the tests whose names match")
    verb.add_argument(
        "--processes", type=two_or_more, default=4, metavar="N", help="tests at a time; 2 or more (default: 4)"
    )


def pattern(text: str) -> str:
    """Check that a text is a regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text


def _delay(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("state", choices=("on", "off"), help="the declared delay and loss of all sites")
    own = "and add this to each round trip of the operator's own link"
    verb.add_argument("--operator", type=milliseconds, metavar="MS", help=own)


def _power(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("state", choices=("on", "off", "new"), help="new: a new machine in its place, with an empty disk")
    verb.add_argument("hosts", nargs="*", metavar="HOST", help="default: all")


def _fault(verb: argparse.ArgumentParser) -> None:
    verb.formatter_class = argparse.RawDescriptionHelpFormatter
    verb.epilog = f"The faults and their targets:\n{listing()}"
    verb.add_argument("fault", nargs="?", choices=FAULTS, metavar="FAULT", help="one of those below")
    verb.add_argument("target", nargs="?", metavar="TARGET", help="the host or site")
    verb.add_argument("--list", action="store_true", help="show all faults and do nothing")
