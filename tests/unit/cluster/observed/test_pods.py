"""Pods that wait, in lists and in what the probe prints."""

from __future__ import annotations

import json
from typing import Any

from cluster.observed.pods import WaitingPod, parse_waiting
from cluster.observed.probe import PodsMeasured, parse_probe


def pod(reason: str, message: str = "", last: str = "", statuses: str = "containerStatuses") -> dict[str, Any]:
    container = {"image": "a/web:1", "state": {"waiting": {"reason": reason, "message": message}}}
    container["lastState"] = {"terminated": {"message": last}} if last else {}
    return {
        "metadata": {"namespace": "n", "name": "web-1"},
        "spec": {"nodeName": "w1"},
        "status": {statuses: [container]},
    }


def listed(*items: dict[str, Any]) -> list[str]:
    return json.dumps({"items": items}, indent=1).splitlines()


def waits(reason: str, message: str = "") -> WaitingPod:
    return WaitingPod("n", "web-1", "w1", "a/web:1", reason, message)


def test_a_pod_that_waits_for_its_turn_is_left_out() -> None:
    items = [pod("ContainerCreating"), pod("PodInitializing"), pod("ImagePullBackOff", "Back-off")]
    assert parse_waiting(listed(*items)) == (waits("ImagePullBackOff", "Back-off"),)


def test_containers_that_initialise_count_and_their_last_words_are_added() -> None:
    found = pod("CrashLoopBackOff", "back-off 10s", "no such\nhost", "initContainerStatuses")
    assert parse_waiting(listed(found)) == (waits("CrashLoopBackOff", "back-off 10s no such host"),)
    (long,) = parse_waiting(listed(pod("ErrImagePull", "x" * 1000))) or ()
    assert len(long.message) == 400


def test_a_probe_that_does_not_start_names_the_reason_and_the_pods_that_wait() -> None:
    lines = ["rollout error: timed out waiting for the condition"]
    lines += [f"json {line}" for line in listed(pod("ErrImagePull", "not found"))]
    lines += ["pod w1 w2 yes", "dns w1 no", ""]
    assert parse_probe(lines) == PodsMeasured(
        paths={"w1": {"w2": True}},
        dns={"w1": False},
        waiting=(waits("ErrImagePull", "not found"),),
        note="error: timed out waiting for the condition",
    )


def test_a_list_that_was_cut_off_costs_nothing_else() -> None:
    assert parse_probe(["own w1 yes", 'json {"items": [']) == PodsMeasured(own={"w1": True})
