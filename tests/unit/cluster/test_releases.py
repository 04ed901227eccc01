"""A distribution gets the packages of the release that it is built from, or a refusal in right words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.install_plan import InstallPlan, install_plan
from cluster.releases import Release, release_of
from tests.places import CASES
from tests.unit.cluster.preflight.test_hosts import GOOD, NODE

FOLDER = CASES / "os-release"


def survey_of(name: str):  # type: ignore[no-untyped-def]
    values = dict(line.split("=", 1) for line in (FOLDER / name).read_text().splitlines() if "=" in line)
    values = {key: value.strip('"') for key, value in values.items()}
    return replace(
        GOOD,
        release_id=values["ID"],
        release_version=values.get("VERSION_ID", ""),
        codename=values.get("VERSION_CODENAME", "unknown"),
        release_name=values["PRETTY_NAME"],
        id_like=tuple(values.get("ID_LIKE", "").split()),
        ubuntu_codename=values.get("UBUNTU_CODENAME", ""),
        debian_codename=values.get("DEBIAN_CODENAME", ""),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("debian-12", Release("debian", "12", "bookworm")),
        ("ubuntu-24.04", Release("ubuntu", "24.04", "noble")),
        ("linuxmint-22.1", Release("ubuntu", "24.04", "noble")),
        ("lmde-6", Release("debian", "12", "bookworm")),
        ("pop-22.04", Release("ubuntu", "22.04", "jammy")),
        ("raspbian-12", Release("debian", "12", "bookworm")),
        ("armbian-noble", Release("ubuntu", "24.04", "noble")),
    ],
)
def test_a_derivative_gets_its_parents_packages(name: str, expected: Release) -> None:
    found = survey_of(name)
    assert release_of(found) == expected
    plan = install_plan(NODE, found)
    assert isinstance(plan, InstallPlan)
    assert (plan.distribution, plan.codename) == (expected.distribution, expected.codename)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("linuxmint-19.3", "the host runs Linux Mint 19.3, which is built from Ubuntu 18.04; supported are"),
        ("debian-testing", "the host runs Debian GNU/Linux forky/sid, which is no release of Debian or Ubuntu"),
        ("kali", "the host runs Kali GNU/Linux Rolling, which is no release of Debian or Ubuntu"),
        ("fedora-43", "the host runs Fedora Linux 43 (Server Edition), which is no release of Debian or Ubuntu"),
    ],
)
def test_others_are_refused_in_right_words(name: str, what: str) -> None:
    (problem,) = install_plan(NODE, survey_of(name))  # type: ignore[misc]
    assert problem.what.startswith(what)


def test_no_exception_makes_a_repository_out_of_nothing() -> None:
    """`old-release` accepts the risk of an old release; a repository that nobody publishes stays absent."""
    accepted = NODE.model_copy(update={"exceptions": ("old-release",)})
    assert isinstance(install_plan(accepted, survey_of("linuxmint-19.3")), InstallPlan)
    (problem,) = install_plan(accepted, survey_of("kali"))  # type: ignore[misc]
    assert "old-release" not in problem.fix
