"""The support bundle: logs and states of all hosts in one archive on the operator's machine."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation

from cluster.redaction import redacted
from engine import remote
from engine.fail import fail
from facts import sections, support_bundle
from facts.sections import Section

FOLDER = Path("build/collected")
READ_TIMEOUT_S = 90
_collected: dict[str, dict[str, str]] = {}


@operation()
def fetch() -> Generator[StringCommand, None, None]:
    """Read this host's logs and states. Changes nothing on it. A failure goes into the archive as text, and does not stop the run."""
    if state.is_executing:
        try:
            asked, mark = support_bundle.questions(), sections.frame()
            printed = remote.run(host.name, "sh -s", sections.script(asked, mark), READ_TIMEOUT_S)
            answers = sections.parse_sections(printed.splitlines(), mark, asked)
            _collected[host.name] = {name: _text(section) for name, section in answers.items()}
        except remote.RemoteFailure as failure:
            _collected[host.name] = {"not-answered": f"{failure}\n"}
    yield StringCommand("true")


@operation()
def store(cluster: str, away: Mapping[str, str]) -> Generator[StringCommand, None, None]:
    """
    Write the archive to build/collected, without secrets, readable by its owner only.

    + cluster: name of the cluster
    + away: host that could not be reached → the reason
    """
    if state.is_executing:
        target = FOLDER / f"{cluster}-{time.strftime('%Y%m%d-%H%M%S')}.tar.gz"
        try:
            FOLDER.mkdir(parents=True, exist_ok=True)
            _pack(target, {**_collected, **{name: {"not-reached": f"{why}\n"} for name, why in away.items()}})
        except OSError as problem:
            yield fail(f"{target} could not be written: {problem}")
            return
        logger.info(
            f"--> {target} has the logs and states of {len(_collected)} hosts; it contains names and addresses, but no secrets"
        )
    yield StringCommand("true")


def _text(section: Section) -> str:
    ending = "" if section.code == 0 else f"\n(exit status {section.code})\n"
    return redacted(f"$ {section.command}\n\n" + "\n".join(section.output) + f"\n{ending}")


def _pack(target: Path, collected: Mapping[str, Mapping[str, str]]) -> None:
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    with (
        os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened,
        tarfile.open(fileobj=opened, mode="w:gz") as archive,
    ):
        for name, texts in sorted(collected.items()):
            for title, text in sorted(texts.items()):
                entry = tarfile.TarInfo(f"{target.name.removesuffix('.tar.gz')}/{name}/{title}.txt")
                content = text.encode(errors="replace")
                entry.size, entry.mtime, entry.mode = len(content), int(time.time()), 0o600
                archive.addfile(entry, io.BytesIO(content))
    part.replace(target)
