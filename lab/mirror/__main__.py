"""python -m lab.mirror build | serve | list"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from lab.mirror import MirrorError, Request, build, default_cache
from lab.mirror.server import serve

VERSIONS = tuple(field.name for field in fields(Request) if field.name != "architectures")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m lab.mirror", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    building = verbs.add_parser("build", help="build what is missing and put the tree together")
    for name in VERSIONS:
        building.add_argument(f"--{name.replace('_', '-')}", required=name == "kubernetes", metavar="X.Y.Z")
    building.add_argument(
        "--arch", action="append", choices=("amd64", "arm64"), help="may be given twice; both by default"
    )
    serving = verbs.add_parser("serve", help="serve the official names and the mirrors")
    serving.add_argument("--tree", type=Path, required=True)
    serving.add_argument("--netns", help="network namespace of the sockets; default: this one")
    serving.add_argument("--config", type=Path, required=True, help="JSON: names, ca_cert, ca_key, log, ready")
    verbs.add_parser("list", help="what is in the cache")
    return top


def show(cache: Path) -> None:
    """Print each artifact with its architectures."""
    for version in sorted((cache / "artifacts").glob("*/*")):
        built = sorted({entry.name.split("-")[0] for entry in version.iterdir()})
        print(f"{version.parent.name:28} {version.name:32} {' '.join(built)}")


def main(words: list[str] | None = None) -> int:
    """The exit code."""
    given = parser().parse_args(words)
    try:
        if given.verb == "build":
            named = {name: value.removeprefix("v") for name in VERSIONS if (value := getattr(given, name))}
            request = Request(**named, architectures=tuple(dict.fromkeys(given.arch or ("amd64", "arm64"))))
            print(build(request, default_cache(), lambda line: print(line, flush=True)))
        elif given.verb == "serve":
            serve(given.tree, given.netns, given.config)
        else:
            show(default_cache())
    except MirrorError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mirror: interrupted; the parts that were finished are kept", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
