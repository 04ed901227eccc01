"""The tasks of the life after the first day: each previewed, run, verified, and nothing left to do for a second run."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab import common
from tests.lab.conftest import SECRETS, Rehearsal, rehearsal
from tests.lab.filters import rules
from tests.lab.tasks import (
    BUSYBOX,
    DAY_TWO,
    LEFT,
    a_worker,
    comes_back,
    does_exactly_what_it_previews,
    does_what_it_previews,
    killed_at,
    killed_at_each,
    kubectl,
    plan,
    run,
    told,
    wait_for_ssh,
    without,
)
from tests.places import PROJECT

pytestmark = pytest.mark.lab
CTR = "ctr -n k8s.io"
# Its number tells a new link from the old one.
BRIDGE = "cat /sys/class/net/cni0/ifindex 2>/dev/null; true"
BEFORE: dict[str, list[str]] = {}


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    for made in rehearsal(DAY_TWO, "test-12", watched):
        BEFORE.update({host.name: rules(made, host.name) for host in made.cluster.hosts})
        made.must("deploy")
        made.must("verify", "--wait", "120")
        yield made


def test_bad_arguments_are_told_and_no_host_is_contacted(world: Rehearsal) -> None:
    for words in (("drain",), ("drain", "host=nobody"), ("remove_host", f"host={a_worker(world)}"), ("reset",)):
        result = run(world, *words)
        assert result.returncode == 1
        assert "fix " in result.output
        assert "Traceback" not in result.output
        assert "Connecting" not in result.output


def test_drain_and_uncordon(world: Rehearsal) -> None:
    node = f"host={a_worker(world)}"
    does_what_it_previews(world, "drain", node)
    assert "SchedulingDisabled" in kubectl(world, f"get node {a_worker(world)}")
    does_what_it_previews(world, "uncordon", node)
    common.verified(world)


def test_a_person_is_let_in_as_what_was_said_and_no_more(world: Rehearsal) -> None:
    does_what_it_previews(world, "kubeconfig", "user=ann", "role=view", "hours=2")
    path = PROJECT / "build" / "kubeconfig-ann"
    assert path.stat().st_mode & 0o777 == 0o600
    tunnel = next(line for line in path.read_text().splitlines() if "ssh -N -L" in line)
    ask = f"kubectl --kubeconfig {path} --request-timeout 5s"
    script = (
        f"{tunnel[tunnel.index('ssh -N') :]} & tunnel=$!; for try in $(seq 30); do {ask} get pods -A >/dev/null 2>&1 && break; sleep 0.5; done; "
        f"{ask} auth whoami; {ask} auth can-i list pods -A; {ask} auth can-i delete pods -A; kill $tunnel"
    )
    answer = world.lab("operator", "--", "sh", "-c", script).stdout
    assert "ann" in answer
    assert answer.split()[-2:] == ["yes", "no"]


def test_join_tokens_are_taken_back(world: Rehearsal) -> None:
    world.on(world.cluster.control_planes[0], "kubeadm token create > /dev/null")
    does_what_it_previews(world, "rotate_join_token")
    assert (
        kubectl(world, "-n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name") == ""
    )


def test_what_is_collected_holds_no_secret(world: Rehearsal) -> None:
    started = time.time()
    assert run(world, "collect").returncode == 0
    (path,) = [
        file for file in (PROJECT / "build" / "collected").glob("*.tar.gz") if file.stat().st_mtime >= started - 1
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        texts = {member.name: (archive.extractfile(member) or io.BytesIO()).read().decode() for member in archive}
    assert {name.split("/")[1] for name in texts} == {host.name for host in world.cluster.hosts}
    assert any("kubelet" in text for name, text in texts.items() if name.endswith("log-kubelet.txt"))
    assert [name for name, text in texts.items() if SECRETS.search(text)] == []


def an_image(world: Rehearsal, host: str) -> str:
    """One that no pod of the host's own needs."""
    listed = world.on(host, f"{CTR} images list -q").stdout.split()
    return next(image for image in listed if "/coredns:" in image and "@" not in image)


def test_images_are_pulled_ahead_and_sent_where_a_site_reaches_no_registry(world: Rehearsal) -> None:
    assert run(world, "pull_images").returncode == 0
    assert plan(world, "pull_images", f"version={world.cluster.kubernetes_version}") == {}
    node = a_worker(world)
    image = an_image(world, node)
    world.on(node, f"{CTR} images remove --sync {image}")
    does_what_it_previews(world, "pull_images")
    with common.broken(world, "registry-gone", [world.cluster.host(node).site.site]):
        world.on(node, f"{CTR} images remove --sync {image}")
        (sent,) = does_exactly_what_it_previews(world, "pull_images")
        assert sent.endswith("Copy images that can't be pulled from another node")
        assert plan(world, "pull_images") == {}
    assert image in world.on(node, f"{CTR} images list -q").stdout.split()
    for host in world.cluster.nodes:
        assert world.on(host, "ls /var/cache/isthmus/images.tar /var/tmp/isthmus-images.tar 2>/dev/null").stdout == ""


def test_the_pod_network_is_reinstalled(world: Rehearsal) -> None:
    name = world.cluster.cluster_name
    kubectl(world, f"run lone --image={BUSYBOX} --restart=Never -- sleep 3600")
    kubectl(world, "wait --for=condition=Ready --timeout=60s pod/lone")
    refused = run(world, "reinstall_pod_network", f"yes={name}")
    assert refused.returncode == 1
    assert "default/lone" in refused.output
    assert kubectl(world, "-n kube-flannel get daemonset -o name") != ""
    kubectl(world, "delete pod lone --now")
    bridges = {host.name: world.on(host, BRIDGE).stdout for host in world.cluster.nodes}
    does_exactly_what_it_previews(world, "reinstall_pod_network", confirm=name)
    world.must("verify", "--wait", "60", timeout=600)
    assert all(world.on(name, BRIDGE).stdout != made for name, made in bridges.items() if made)
    assert world.previewed() == {}


@pytest.mark.long
def test_certificates_are_renewed_and_in_use(world: Rehearsal) -> None:
    first = world.cluster.control_planes[0]
    serial = "openssl s_client -connect 127.0.0.1:6443 < /dev/null 2>/dev/null | openssl x509 -noout -serial"
    old = world.on(first, serial).stdout
    # Those that kubeadm has just made end within a year.
    assert plan(world, "renew_certificates", "days=365")
    assert run(world, "renew_certificates", "days=365").returncode == 0
    new = world.on(first, serial).stdout
    assert new.startswith("serial=")
    assert new != old
    assert new == world.on(first, "openssl x509 -noout -serial -in /etc/kubernetes/pki/apiserver.crt").stdout
    assert plan(world, "renew_certificates") == {}
    world.must("verify", "--wait", "120", timeout=600)


@pytest.mark.long
@pytest.mark.parametrize("is_dead", [False, True], ids=["alive", "dead"])
def test_a_host_leaves_and_comes_back(world: Rehearsal, tmp_path: Path, is_dead: bool) -> None:
    leaver = a_worker(world)
    if is_dead:
        world.must("power", "off", leaver)
    does_what_it_previews(world, "remove_host", f"host={leaver}", confirm=leaver)
    rest = without(leaver, tmp_path)
    after = world.lab("operator", "--", "pyinfra", str(rest), "deploy.py", "--dry", "--json")
    assert [step for step in json.loads(after.stdout)["plan"] if step["hosts_with_change"]] == []
    verified = world.lab("operator", "--", "pyinfra", "-y", str(rest), "verify.py")
    assert verified.returncode == 0, verified.output[-4000:]
    if is_dead:
        # Its kubelet waits for a tailnet that it is no part of any more, so it does not finish to boot until it is cleaned, too.
        with ThreadPoolExecutor(1) as beside:
            booting = beside.submit(world.lab, "power", "on", leaver)
            wait_for_ssh(world, leaver)
            does_what_it_previews(world, "remove_host", f"host={leaver}", confirm=leaver)
            assert booting.result().returncode == 0
    comes_back(world, leaver)


@pytest.mark.long
@pytest.mark.parametrize("task", ["remove_host", "reset"])
def test_a_task_that_is_killed_at_each_operation_ends_as_if_it_had_not_been(world: Rehearsal, task: str) -> None:
    leaver = a_worker(world)
    wanted = (f"host={leaver}", f"yes={leaver}") if task == "remove_host" else (f"yes={world.cluster.cluster_name}",)
    killed_at_each(world, task, *wanted)
    assert plan(world, task, *wanted) == {}
    assert rules(world, leaver) == BEFORE[leaver]
    world.must("deploy")
    world.must("verify", "--wait", "120", timeout=600)


@pytest.mark.long
@pytest.mark.timeout(5400)  # etcd and the API start again in nearly each round
@pytest.mark.parametrize(
    "task", ["drain", "uncordon", "kubeconfig", "rotate_join_token", "collect", "renew_certificates"]
)
def test_a_small_task_that_is_killed_ends_as_if_it_had_not_been(world: Rehearsal, task: str) -> None:
    killed_at_each(world, task, *told(world, task), at_least=1)
    if task != "drain":
        world.must("verify", "--wait", "120", timeout=600)
        assert world.previewed() == {}


@pytest.mark.long
def test_a_reinstallation_that_is_killed_at_each_operation_ends_as_if_it_had_not_been(world: Rehearsal) -> None:
    killed_at_each(world, "reinstall_pod_network", f"yes={world.cluster.cluster_name}")
    world.must("verify", "--wait", "120", timeout=600)
    assert world.previewed() == {}


@pytest.mark.long
def test_pulling_that_is_killed_at_each_operation_ends_as_if_it_had_not_been(world: Rehearsal) -> None:
    node, count = a_worker(world), 1
    assert run(world, "pull_images").returncode == 0
    image = an_image(world, node)
    with common.broken(world, "registry-gone", [world.cluster.host(node).site.site]):
        while True:
            world.on(node, f"{CTR} images remove --sync {image}")
            if not killed_at(world, count, "pull_images"):
                break
            count += 1
        assert count > 4
        assert plan(world, "pull_images") == {}


@pytest.mark.long
def test_reset_leaves_the_rules_of_others_as_they_were_and_deploy_brings_the_cluster_back(world: Rehearsal) -> None:
    does_what_it_previews(world, "reset", confirm=world.cluster.cluster_name)
    assert {host.name: rules(world, host.name) for host in world.cluster.hosts} == BEFORE
    for host in world.cluster.hosts:
        assert world.on(host, LEFT).stdout == "", host.name
    common.hosts_are_clean(world)
    world.must("deploy")
    world.must("verify", "--wait", "120", timeout=600)


@pytest.mark.long
def test_reset_may_keep_the_tailnet(world: Rehearsal) -> None:
    does_what_it_previews(world, "reset", "keep_tailnet=1", confirm=world.cluster.cluster_name)
    common.every_host_reaches_every_host(world)
    world.must("deploy")
    world.must("verify", "--wait", "120", timeout=600)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
