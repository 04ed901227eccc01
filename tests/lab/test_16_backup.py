"""What is kept, lost and brought back: backups, keys, headscale's database, and the disk of the machine on which all of it lay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.tasks import (
    BUSYBOX,
    DAY_TWO,
    does_exactly_what_it_previews,
    killed_at,
    killed_at_each,
    kubectl,
    plan,
    run,
)
from tests.places import PROJECT

# A lab of its own takes two minutes by itself.
pytestmark = [pytest.mark.lab, pytest.mark.long]
BACKUPS = PROJECT / "build" / "backups"
NOTHING_LEFT = "ls -d /var/lib/etcd/isthmus-* /var/lib/isthmus-backup* /var/lib/headscale.* /var/lib/isthmus/addresses.json /var/lib/isthmus/restoring 2>/dev/null; true"


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    for made in rehearsal(DAY_TWO, "test-16", watched):
        made.must("deploy")
        yield made


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_key(tmp_path_factory.mktemp("age"))


def written_key(folder: Path) -> Path:
    """A key of age, as age-keygen writes it."""
    made, file = pyrage.x25519.Identity.generate(), folder / "identity.txt"
    file.write_text(f"# public key: {made.to_public()}\n{made}\n")
    return file


def recipient(key: Path) -> str:
    return f"recipient={key.read_text().split()[3]}"


def backed_up(world: Rehearsal, key: Path) -> Path:
    """A new backup."""
    before = set(BACKUPS.glob("*"))
    result = run(world, "backup", recipient(key))
    assert result.returncode == 0, result.output[-4000:]
    (made,) = set(BACKUPS.glob("*")) - before
    return made


def restoring(world: Rehearsal, backup: Path, key: Path) -> tuple[str, ...]:
    return (f"from={backup}", f"identity={key}", f"yes={world.cluster.cluster_name}")


@contextmanager
def brought_back(world: Rehearsal, key: Path, *, is_complete: bool = False) -> Iterator[None]:
    """What is lost meanwhile is as it was, after a restore and a deploy; where it `is_complete`, the restore alone is enough."""
    kubectl(world, "create configmap before --from-literal=a=b")
    made, addresses = backed_up(world, key), world.tailnet_addresses()
    kubectl(world, "create configmap after --from-literal=a=b")
    yield
    result = run(world, "restore", *restoring(world, made, key))
    assert result.returncode == 0, result.output[-6000:]
    if not is_complete:
        world.must("deploy")
    world.must("verify", "--wait", "180", timeout=900)
    assert world.tailnet_addresses() == addresses
    kept = kubectl(world, "get configmap -o name").split()
    assert "configmap/before" in kept
    assert "configmap/after" not in kept
    kubectl(world, "delete configmap before")


def node_keys(world: Rehearsal) -> dict[str, str]:
    # Without the beginning of the key that each has joined by.
    ask = "headscale nodes list --output json | grep -v 'hskey-auth-'"
    listed = world.on(world.cluster.coordinator, ask).stdout
    return {node["name"]: node["node_key"] for node in json.loads(listed)}


def nothing_is_left(world: Rehearsal) -> None:
    assert {host.name: world.on(host, NOTHING_LEFT).stdout for host in world.cluster.hosts} == dict.fromkeys(
        (host.name for host in world.cluster.hosts), ""
    )


def test_a_backup_is_whole_private_and_leaves_nothing_behind(world: Rehearsal, key: Path) -> None:
    assert list(plan(world, "backup", recipient(key))) == [
        "Backup | Back up what the host holds",
        "Backup | Write the backup",
    ]
    made = backed_up(world, key)
    about = json.loads((made / "manifest.json").read_text())
    assert {file.name for file in made.iterdir()} == {*about["files"], "manifest.json"}
    assert about["addresses"] == world.tailnet_addresses()
    assert {file.stat().st_mode & 0o777 for file in made.iterdir()} == {0o600}
    nothing_is_left(world)
    assert world.previewed() == {}


def test_every_host_gets_a_new_key_and_keeps_its_address(world: Rehearsal) -> None:
    before, addresses = node_keys(world), world.tailnet_addresses()
    coordinator = world.cluster.coordinator
    world.on(coordinator, "headscale preauthkeys create --tags tag:node --reusable --expiration 30m > /dev/null")
    assert list(does_exactly_what_it_previews(world, "rotate_keys")) == [
        "Rotate keys | Rotate the host's tailnet key",
        "Rotate keys | Expire the tailnet's join keys",
    ]
    after = node_keys(world)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    assert world.tailnet_addresses() == addresses
    assert world.on(coordinator, "headscale preauthkeys list --output json").stdout.strip() == "null"
    world.must("verify", "--wait", "120", timeout=600)


def test_a_restore_is_refused_where_it_would_not_fit(world: Rehearsal, key: Path, tmp_path: Path) -> None:
    made = backed_up(world, key)
    other = tmp_path / "other.txt"
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    damaged = tmp_path / "damaged"
    shutil.copytree(made, damaged)
    (damaged / "etcd.age").write_bytes(b"")
    for words, reason in (
        (restoring(world, made, other), "the identity does not decrypt pki.age"),
        (restoring(world, damaged, key), "changed or missing: etcd.age"),
        (restoring(world, made, key)[:2], "all changes in etcd and headscale since then are lost"),
    ):
        result = run(world, "restore", *words)
        assert result.returncode == 1
        assert reason in result.output
        assert "Traceback" not in result.output
        assert "Connecting" not in result.output


def test_headscale_is_made_anew_with_its_keys_and_all_addresses(world: Rehearsal) -> None:
    coordinator, addresses = world.cluster.coordinator, world.tailnet_addresses()
    keys = "sha256sum /var/lib/headscale/*.key"
    before, users = world.on(coordinator, keys).stdout, world.on(coordinator, "headscale users create gone").returncode
    assert users == 0
    does_exactly_what_it_previews(world, "rebuild_headscale", confirm=world.cluster.cluster_name)
    assert world.on(coordinator, keys).stdout == before
    assert world.on(coordinator, "headscale users list --output json").stdout.strip() == "null"
    assert world.tailnet_addresses() == addresses
    nothing_is_left(world)
    world.must("verify", "--wait", "120", timeout=600)
    assert world.previewed() == {}


def test_the_machine_with_all_of_it_is_lost_and_comes_back_on_an_empty_disk(world: Rehearsal, key: Path) -> None:
    hub = world.cluster.control_planes[0]
    workers = [node for node in world.cluster.nodes if not node.is_control_plane]
    untouched = "systemctl show -p ExecMainStartTimestamp kubelet containerd; stat -c %Y /etc/kubernetes/kubelet.conf"
    kubectl(world, "create namespace kept")
    kubectl(world, f"-n kept create deployment idle --image={BUSYBOX} --replicas=2 -- sleep 999999")
    kubectl(world, "-n kept create secret generic word --from-literal=a=b")
    kubectl(world, "-n kept rollout status deployment/idle --timeout=60s")
    objects = "get all,configmaps,secrets,serviceaccounts,roles,rolebindings -A -o name"
    before, addresses = kubectl(world, objects), world.tailnet_addresses()
    calm = {worker.name: world.on(worker, untouched).stdout for worker in workers}
    made = backed_up(world, key)
    kubectl(world, "delete namespace kept")
    world.must("power", "new", hub.name)
    assert world.on(hub, "ls /var/lib/etcd /etc/kubernetes /var/lib/headscale").returncode != 0
    assert plan(world, "restore", *restoring(world, made, key))
    result = run(world, "restore", *restoring(world, made, key))
    assert result.returncode == 0, result.output[-6000:]
    assert world.tailnet_addresses() == addresses
    world.must("verify", "--wait", "180", timeout=900)
    assert set(before.split()) <= set(kubectl(world, objects).split())
    assert "successfully rolled out" in kubectl(world, "-n kept rollout status deployment/idle --timeout=120s")
    assert {worker.name: world.on(worker, untouched).stdout for worker in workers} == calm
    assert world.previewed() == {}
    common.every_host_reaches_every_host(world)
    kubectl(world, "delete namespace kept")


# Those of a restore's own that change something; its others are the deploy's.
OF_A_RESTORE = (
    "Bring headscale's database",
    "Be the machine",
    "Run headscale",
    "Join the tailnet",
    "End what runs",
    "Bring etcd",
    "Wait until the nodes are ready",
    "Write build/kubeconfig",
)


# Their operations, so none may be passed over.
OPERATIONS = {"backup": 4, "rotate_keys": 4, "rebuild_headscale": 11}


@pytest.mark.parametrize("task", [*OPERATIONS, "restore"])
def test_a_task_that_is_killed_at_each_operation_ends_as_if_it_had_not_been(
    world: Rehearsal, key: Path, task: str
) -> None:
    yes, addresses = f"yes={world.cluster.cluster_name}", world.tailnet_addresses()
    kubectl(world, "create configmap before --from-literal=a=b")
    words = {
        "backup": (recipient(key),),
        "restore": restoring(world, backed_up(world, key), key),
        "rebuild_headscale": (yes,),
        "rotate_keys": (),
    }[task]
    kubectl(world, "create configmap after --from-literal=a=b")
    if task == "restore":
        for operation in OF_A_RESTORE:
            assert killed_at(world, operation, task, *words), f"it did not come to {operation}"
        refused = world.lab("deploy")
        assert refused.returncode == 1
        assert "a restore was interrupted on this host" in refused.output
        assert run(world, task, *words).returncode == 0
    else:
        killed_at_each(world, task, *words, at_least=OPERATIONS[task])
    world.must("verify", "--wait", "120", timeout=600)
    assert world.previewed() == {}
    assert world.tailnet_addresses() == addresses
    nothing_is_left(world)
    assert not list(BACKUPS.glob("*.part"))
    kept = kubectl(world, "get configmap -o name").split()
    assert "configmap/before" in kept
    assert ("configmap/after" in kept) == (task != "restore")
    kubectl(world, "delete configmap before after --ignore-not-found")


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
    assert not any("AGE-SECRET-KEY" in text for text in [*world.outputs, *world.command_lines])
