"""The owner's lists are used or named; what apt would remove is refused; each fix switches off what it names, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.install_plan import InstallPlan
from cluster.observed.apt import Entry, Lists, Trial, parse_lists, parse_trial
from cluster.preflight import apt
from cluster.preflight.apt import Found
from cluster.sources import AptSource
from tests.unit.cluster.preflight.test_hosts import NODE

PIN, OTHER = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88", "2596A99EAAB33821893C0A79458CA832957F5868"
URI = "https://download.docker.com/linux/debian"
DOCKER = AptSource("docker", URI, URI, "bookworm", "stable", f"{URI}/gpg", PIN)
PLAN = InstallPlan((), True, False, "debian", "bookworm", "amd64", "containerd.io", 3, True)
KEYRING = "/etc/apt/keyrings/docker.asc"
ONE_LINE = f"deb [arch=amd64 signed-by={KEYRING}] {URI} bookworm stable"


def found(*files: tuple[str, str], **keys: tuple[str, ...] | None) -> Found:
    lines = [line for path, text in files for line in (f"list {path}", *(f" {row}" for row in text.split("\n")))]
    return Found(parse_lists(["ours /etc/apt/sources.list.d/isthmus-docker.list", *lines]), {KEYRING: (PIN,), **keys})


def docker(text: str, key: tuple[str, ...] | None = (PIN,)) -> Found:
    path = "/etc/apt/sources.list.d/docker" + (".sources" if "URIs" in text else ".list")
    lists = found((path, text)).lists
    return Found(lists, {entry.signed_by: key for entry in lists.entries if entry.signed_by})


def said(held: Found, trial: Trial = Trial(), plan: InstallPlan = PLAN) -> list[tuple[str, str, str]]:  # noqa: B008
    problems = apt.problems(NODE, plan, [DOCKER], held, trial)
    return [(problem.where, problem.what, problem.fix) for problem in problems]


DEB822 = f"Types: deb\nURIs: {URI}/\nSuites: bookworm\nComponents: stable\nSigned-By: {KEYRING}"


@pytest.mark.parametrize(
    "text",
    [
        ONE_LINE,
        f"# Docker\n\ndeb [signed-by={KEYRING}] {URI}/ bookworm stable test # mine",
        f"deb [ signed-by={KEYRING} arch=arm64,amd64 ] http://download.docker.com/linux/debian/ bookworm stable",
        f"deb [signed-by={PIN}] {URI} bookworm stable",
        DEB822,
        DEB822.replace("Suites: bookworm", "Suites: bullseye bookworm\nArchitectures: amd64 arm64"),
        DEB822.replace("URIs:", "URIs: https://example.org/debian\n "),
        f"{DEB822}\nEnabled: yes",
    ],
)
def test_a_list_with_the_pinned_key_is_used_as_it_is(text: str) -> None:
    assert apt.is_used(docker(text), DOCKER, "amd64")
    assert said(docker(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"# {ONE_LINE}",
        f"{DEB822}\nEnabled: no",
        "\n".join(f"# {line}" for line in DEB822.split("\n")),
        ONE_LINE.replace("bookworm", "trixie"),
        ONE_LINE.replace(URI, "https://mirror.example.org/docker-ce/linux/debian"),
    ],
)
def test_a_list_of_another_repository_or_one_switched_off_is_left_alone(text: str) -> None:
    assert not apt.is_used(docker(text, (OTHER,)), DOCKER, "amd64")
    assert said(docker(text, (OTHER,))) == []


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        (ONE_LINE, (OTHER,), f"with the key {OTHER}, not the pinned {PIN}"),
        (ONE_LINE, (PIN, OTHER), f"with the key {PIN}, {OTHER}, not the pinned {PIN}"),
        (ONE_LINE, None, "with a key that could not be read"),
        (f"deb {URI} bookworm stable", (PIN,), "without signed-by, so that any key which apt trusts may sign it"),
        (f"deb [trusted=yes] {URI} bookworm stable", (PIN,), "with trusted=yes, so that nothing is checked"),
        (ONE_LINE.replace("stable", "test"), (PIN,), "without stable for amd64"),
        (ONE_LINE.replace("amd64", "armhf"), (PIN,), "without stable for amd64"),
        (ONE_LINE.replace("deb ", "deb-src "), (PIN,), "without stable for amd64"),
        (DEB822, (OTHER,), f"with the key {OTHER}, not the pinned {PIN}"),
    ],
)
def test_a_list_that_stands_in_the_way_is_named_with_its_line(
    text: str, key: tuple[str, ...] | None, reason: str
) -> None:
    ((where, what, fix),) = said(docker(text, key))
    path = where.removeprefix("n ")
    assert what.startswith("line 1 names ")
    assert what.endswith(reason)
    assert fix == f"mv {path} {path}.disabled; the deploy then writes its own entry with the pinned key"


@pytest.mark.parametrize(
    ("path", "text", "fix"),
    [
        ("/etc/apt/sources.list", ONE_LINE, "sed -i '1s/^/# /' /etc/apt/sources.list"),
        (
            "/etc/apt/sources.list.d/all.list",
            f"deb http://deb.debian.org/debian bookworm main\n{ONE_LINE}",
            "sed -i '2s/^/# /' /etc/apt/sources.list.d/all.list",
        ),
        (
            "/etc/apt/sources.list.d/all.sources",
            f"Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm\n\n# Docker\n{DEB822}",
            "sed -i '6i Enabled: no' /etc/apt/sources.list.d/all.sources",
        ),
        (
            "/etc/apt/sources.list.d/all.sources",
            DEB822.replace("Suites: ", "Suites: trixie "),
            "take bookworm out of the entry at line 1 of /etc/apt/sources.list.d/all.sources",
        ),
    ],
)
def test_a_fix_switches_off_one_entry(path: str, text: str, fix: str) -> None:
    held = found((path, text))
    ((_, _, said_fix),) = said(replace(held, keys={KEYRING: (OTHER,)}))
    assert said_fix.startswith(f"{fix};")
    assert said(found((path, typed(fix, text)))) == []


def typed(fix: str, text: str) -> str:
    """The file after the fix."""
    lines = text.split("\n")
    number = int(fix.partition("'")[2].partition("s/")[0].partition("i ")[0]) if "'" in fix else 0
    if "s/^/# /" in fix:
        lines[number - 1] = f"# {lines[number - 1]}"
    elif "Enabled: no" in fix:
        lines.insert(number - 1, "Enabled: no")
    else:
        lines = [line.replace(" bookworm", "") if line.startswith("Suites") else line for line in lines]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (
            "The repository 'http://deb.debian.org/debian bullseye-backports Release' does not have a Release file.",
            "old.list",
        ),
        ("The repository 'https://example.org/apt ./ Release' no longer has a Release file.", "flat.list"),
        ("The repository 'https://example.org/apt ./ InRelease' is not signed.", "flat.list"),
        (
            "Failed to fetch http://deb.debian.org/debian/dists/bullseye-backports/InRelease  400  Bad Request",
            "old.list",
        ),
        ("Malformed entry 1 in list file /etc/apt/sources.list.d/odd.list (Component)", "odd.list"),
    ],
)
def test_a_dead_source_is_named_with_its_file(error: str, where: str) -> None:
    folder = "/etc/apt/sources.list.d"
    held = found(
        (f"{folder}/good.list", "deb http://deb.debian.org/debian bullseye main"),
        (f"{folder}/old.list", "deb http://deb.debian.org/debian/ bullseye-backports main"),
        (f"{folder}/flat.list", "deb https://example.org/apt/ ./"),
    )
    trial = parse_trial([f"update E: {error}", "update E: The list of sources could not be read."])
    ((at, what, fix),) = said(held, trial)
    assert (at, what) == (f"n {folder}/{where}", error)
    assert where == "odd.list" or fix.endswith(f"mv {folder}/{where} {folder}/{where}.disabled")


REMOVED = Trial(missing=("tailscale", "containerd.io"), removed=("docker.io", "containerd", "runc"))


def test_what_apt_would_remove_is_refused_with_the_ways_out() -> None:
    ((where, what, fix),) = said(found(), REMOVED)
    assert (where, what) == ("n packages", "apt would remove docker.io, containerd, runc to install containerd.io")
    assert 'runtime_source = "distribution"' in fix
    assert 'exceptions = ("removed-packages",)' in fix
    accepted = NODE.model_copy(update={"exceptions": ("removed-packages",)})
    assert apt.problems(accepted, PLAN, [DOCKER], found(), REMOVED) == []


def test_a_way_out_that_the_next_check_refuses_is_not_offered() -> None:
    ((_, _, fix),) = said(found(), REMOVED, replace(PLAN, codename="bullseye"))
    assert "runtime_source" not in fix
    back = Trial(missing=("containerd",), removed=("docker-ce", "containerd.io"))
    assert 'runtime_source = "docker"' in said(found(), back)[0][2]
    other = Trial(missing=("tailscale",), removed=("tailscale-relay",))
    assert said(found(), other)[0][1:] == (
        "apt would remove tailscale-relay to install tailscale",
        'accept it with exceptions = ("removed-packages",)',
    )


def test_a_refusal_of_apt_is_known_before() -> None:
    text = "Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution)."
    assert said(found(), Trial(refusals=(text,)))[0][2] == "run `apt-get --fix-broken install`"


def test_a_program_of_another_package_or_of_none_is_not_overwritten() -> None:
    files = {
        "/usr/bin/kubectl": "kubernetes-client",
        "/usr/bin/ctr": "",
        "/usr/bin/runc": "runc",
        "/usr/bin/kubelet": "kubelet",
    }
    problems = said(found(), Trial(missing=("kubectl",), files=files))
    assert problems == [
        (
            "n /usr/bin/kubectl",
            "it is a file of the package kubernetes-client",
            "if nothing needs it there, run `apt-get remove kubernetes-client`",
        ),
        ("n /usr/bin/ctr", "it is a file of no package", "mv /usr/bin/ctr /usr/bin/ctr.old"),
    ]


def test_what_an_entry_says_of_its_key() -> None:
    assert apt.read_signed_by("/a.gpg,/b.asc") == ("", ("/a.gpg", "/b.asc"), ())
    assert apt.read_signed_by(f"{PIN.lower()}!") == ("", (), (PIN,))
    block = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n -----END PGP PUBLIC KEY BLOCK-----"
    assert apt.read_signed_by(block)[0].split("\n")[1] == ""


def test_apt_does_not_read_files_with_odd_names() -> None:
    assert found(("/etc/apt/sources.list.d/docker list.list", ONE_LINE)).lists.entries == ()
    assert found(("/etc/apt/sources.list.d/d.list", ONE_LINE)).lists == Lists(
        (Entry("/etc/apt/sources.list.d/d.list", 1, "deb", URI, "bookworm", ("stable",), ("amd64",), KEYRING),),
        {},
        ("/etc/apt/sources.list.d/isthmus-docker.list",),
    )
