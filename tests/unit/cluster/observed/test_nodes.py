"""Nodes: whose they are, and what has to be said to make them as declared."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from cluster.model import Host, Site
from cluster.observed import nodes
from cluster.observed.kubeadm_state import Membership, Standing, node_state, ownership_rank, parse

SITE = Site(site="attic", lan="10.0.0.0/24", nat="none")
HOST = Host(name="n", site=SITE, lan_address="10.0.0.1", ssh_hostname="n", labels={"disk": "fast"})
LABELS = {
    "topology.kubernetes.io/region": "attic",
    "topology.kubernetes.io/zone": "attic",
    "node-role.kubernetes.io/worker": "",
    "disk": "fast",
}
NODE = nodes.Node(
    "n", True, "", "1.36.3", ("100.64.10.1",), "10.244.0.0/24", "arm64", "", LABELS, (), True, False, tuple(LABELS)
)
MINE, OTHERS = "a" * 64, "b" * 64


def calls(host: Host, found: nodes.Node) -> list[list[str]]:
    return nodes.corrections(nodes.settings(host), found)


def patched(host: Host, found: nodes.Node) -> dict[str, str | None]:
    """The labels in the only call, which also writes down the keys of those that are declared."""
    ((*call, patch),) = calls(host, found)
    assert call == ["patch", "node", "n", "--type", "merge", "-p"]
    metadata = json.loads(patch)["metadata"]
    assert set(metadata["annotations"]["isthmus/labels"].split(",")) == set(nodes.settings(host).labels)
    labels: dict[str, str | None] = metadata["labels"]
    return labels


def test_a_node_as_declared_needs_nothing() -> None:
    assert calls(HOST, NODE) == []


def test_labels_of_others_stay() -> None:
    found = replace(NODE, labels={**LABELS, "disk": "slow", "others": "yes"})
    assert patched(HOST, found) == {"disk": "fast"}


def test_a_label_that_is_declared_no_more_goes_and_none_of_others() -> None:
    host = HOST.model_copy(update={"labels": {}})
    assert patched(host, replace(NODE, labels={**LABELS, "others": "yes"})) == {"disk": None}
    # Somebody has taken it away already, or it was never declared by us: only what is declared is written down.
    assert patched(host, replace(NODE, labels={key: LABELS[key] for key in LABELS if key != "disk"})) == {}
    assert patched(HOST, replace(NODE, declared_labels=())) == {}


@pytest.mark.parametrize(
    ("declared", "found", "said"),
    [
        (None, ("a:NoSchedule",), []),
        (
            (),
            ("node-role.kubernetes.io/control-plane:NoSchedule",),
            ["node-role.kubernetes.io/control-plane:NoSchedule-"],
        ),
        ((), ("node.kubernetes.io/not-ready:NoExecute",), []),
        (({"key": "a"},), (), ["a:NoSchedule"]),
        (({"key": "a", "value": "2"},), ("a=1:NoSchedule",), ["a=2:NoSchedule"]),
        (({"key": "a", "effect": "NoExecute"},), ("a:NoSchedule",), ["a:NoSchedule-", "a:NoExecute"]),
    ],
)
def test_taints_become_as_declared(declared: Any, found: tuple[str, ...], said: list[str]) -> None:
    host = Host.model_validate({**dict(HOST), "taints": declared})
    expected = [["taint", "node", "n", "--overwrite", *said]] if said else []
    assert calls(host, replace(NODE, taints=found)) == expected


@pytest.mark.parametrize(
    ("found", "authority", "is_known", "stands"),
    [
        (Membership(), "", False, "outside"),
        (Membership(), MINE, False, "outside"),
        (Membership(pki=MINE), MINE, False, "outside"),
        (Membership(pki=OTHERS), MINE, False, "foreign"),
        (Membership(True, MINE, MINE), MINE, True, "member"),
        (Membership(True, MINE, MINE), MINE, False, "unfinished"),
        (Membership(True, OTHERS, OTHERS), MINE, True, "foreign"),
        (Membership(True, OTHERS, OTHERS), "", False, "foreign"),
    ],
)
def test_whose_node_a_host_is(found: Membership, authority: str, is_known: bool, stands: Standing) -> None:
    assert node_state(found, authority, is_known) == stands


def test_a_certificate_is_the_same_however_it_is_wrapped() -> None:
    body = base64.b64encode(b"certificate " * 20).decode()
    narrow = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))

    def line(kind: str, text: str) -> str:
        pem = f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"
        return f"{kind} {base64.b64encode(pem.encode()).decode()}"

    found = parse([line("kubelet", body), line("pki", narrow)])
    assert found.configured
    assert found.kubelet == found.pki != ""
    assert parse(["kubelet -", "pki -"]) == Membership()


def test_pods_of_an_older_form_are_not_available() -> None:
    daemons: dict[str, Any] = {
        "kind": "DaemonSet",
        "metadata": {"name": "d", "namespace": "s", "generation": 2},
        "spec": {},
        "status": {
            "observedGeneration": 2,
            "desiredNumberScheduled": 3,
            "updatedNumberScheduled": 1,
            "numberAvailable": 3,
        },
    }
    assert nodes.parse_workload(daemons).available == 1
    daemons["status"]["updatedNumberScheduled"] = 3
    assert nodes.parse_workload(daemons).is_available
    daemons["metadata"]["generation"] = 3
    assert not nodes.parse_workload(daemons).is_available


def test_who_has_the_cluster_admits_others_and_a_control_plane_that_was_cleaned_begins_no_second_one() -> None:
    member = Membership(configured=True, kubelet="a", pki="a")
    assert (
        ownership_rank(member, True)
        > ownership_rank(member, False)
        > ownership_rank(Membership(), False)
        == ownership_rank(None, False)
    )
    # A worker that became a control plane in the inventory has no CA to admit anybody with.
    assert ownership_rank(replace(member, pki=""), True) == 0
