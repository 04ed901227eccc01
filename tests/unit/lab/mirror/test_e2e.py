"""The images of Kubernetes' own tests."""

from __future__ import annotations

from pathlib import Path

from lab.mirror import e2e, programs

PREFIX = "registry.k8s.io/e2e-test-images"
LISTED = [f"{PREFIX}/agnhost:2.63.0", f"{PREFIX}/perl:5.26", f"{PREFIX}/agnhost:2.55", "registry.k8s.io/pause:3.10.2"]


def test_images_are_known_by_the_last_part_of_their_names() -> None:
    assert e2e.grouped(LISTED) == {"agnhost": [LISTED[0], LISTED[2]]}


def test_what_is_not_in_the_tree_is_missing(tmp_path: Path) -> None:
    tag = tmp_path / "registry.k8s.io/v2/pause/manifests/3.10.2"
    tag.parent.mkdir(parents=True)
    tag.touch()
    assert [name for name in LISTED if e2e.is_served(tmp_path, name)] == [LISTED[3]]


def test_a_layer_has_what_installing_would_have_made(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/nc.openbsd").touch()
    (tmp_path / "bin/nc").symlink_to("busybox")
    e2e.furnish(tmp_path)
    assert (tmp_path / "bin/nc").readlink() == Path("nc.openbsd")
    assert (tmp_path / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (tmp_path / "etc/passwd").read_text().startswith("root:x:0:0:")


def test_tests_are_built_as_tests_and_are_another_part_than_programs() -> None:
    assert (e2e.TESTS.verb, e2e.AGNHOST.verb) == (("test", "-c"), ("build",))
    assert "verb" not in programs.KUBERNETES.recipe(), "all that is built would be built again"
