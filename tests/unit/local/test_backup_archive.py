"""Backups on the operator's machine: only for whom they are meant, only whole, and refused in words."""

from __future__ import annotations

from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from cluster import backups
from cluster.backups import Manifest
from local import backup_archive
from local.backup_archive import Unusable

KEY, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A backup of one file, made for KEY."""
    monkeypatch.setattr(backup_archive, "FOLDER", tmp_path / "build" / "backups")
    files = {backups.PKI: backup_archive.encrypt(b"authorities", backup_archive.recipients(str(KEY.to_public())))}
    about = Manifest("calm", "now", "1.36.3", "0.29.3", ("hub",), {}, {}, backup_archive.hashes(files))
    return str(backup_archive.store("calm-now", files, about))


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_what_was_kept_is_opened_by_its_key_alone(folder: str, tmp_path: Path) -> None:
    mine = backup_archive.identities(written(tmp_path / "key", f"# created: today\n{KEY}\n"))
    assert backup_archive.open_file(folder, backups.PKI, mine) == b"authorities"
    assert backup_archive.manifest(folder).cluster == "calm"
    with pytest.raises(Unusable, match=r"the identity does not decrypt pki\.age"):
        backup_archive.check_identities(folder, [OTHER])


def test_a_backup_is_for_its_owner_only_and_clear_text_nowhere(folder: str) -> None:
    assert {path.stat().st_mode & 0o777 for path in Path(folder).iterdir()} == {0o600}
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    assert not any(b"authorities" in path.read_bytes() for path in Path(folder).iterdir())


def test_what_a_killed_run_has_left_goes_with_the_next(folder: str) -> None:
    left = Path(folder).parent / "calm-before.part"
    left.mkdir()
    others = Path(folder).parent / "other-before.part"
    others.mkdir()
    backup_archive.store("calm-later", {}, backup_archive.manifest(folder))
    assert not left.exists()
    assert others.exists()


def test_a_damaged_or_missing_file_is_named(folder: str) -> None:
    sealed = Path(folder) / backups.PKI
    sealed.write_bytes(sealed.read_bytes() + b"x")
    with pytest.raises(Unusable, match=r"changed or missing: pki\.age"):
        backup_archive.manifest(folder)
    sealed.unlink()
    with pytest.raises(Unusable, match=r"changed or missing: pki\.age"):
        backup_archive.manifest(folder)


def test_a_manifest_names_no_file_elsewhere(folder: str) -> None:
    manifest = Path(folder) / backups.MANIFEST
    manifest.write_text(manifest.read_text().replace("pki.age", "../pki.age"))
    with pytest.raises(Unusable, match=r"is no backup: its manifest lists \.\./pki\.age"):
        backup_archive.manifest(folder)


def test_recipients_come_by_name_or_by_file(tmp_path: Path) -> None:
    two = written(tmp_path / "who", f"# us\n{KEY.to_public()}\n\n{OTHER.to_public()}\n")
    assert len(backup_archive.recipients(two)) == 2
    for given, said in (
        ("age1nonsense", "is no recipient of age"),
        (str(tmp_path / "absent"), "can't be read: No such file"),
        (written(tmp_path / "empty", "# nobody\n"), "it is empty"),
        (str(tmp_path), "can't be read: Is a directory"),
    ):
        with pytest.raises(Unusable, match=said):
            backup_archive.recipients(given)


def test_a_refused_identity_is_not_shown(tmp_path: Path) -> None:
    path = written(tmp_path / "key", f"{str(KEY)[:-1]}\n")
    with pytest.raises(Unusable, match="has no unencrypted age identity") as refused:
        backup_archive.identities(path)
    assert "AGE-SECRET-KEY" not in str(refused.value)


def test_an_archive_that_names_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="is no backup"):
        backup_archive.manifest(str(tmp_path))
