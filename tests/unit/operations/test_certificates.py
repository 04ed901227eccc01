"""Certificates on a control plane: renewed when they end, read by what uses them, and with every name of the API."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cluster.observed.certificates import Certificate
from cluster.observed.kubeadm_state import Membership as Left
from engine import remote, wait
from facts.certificates import API, Components, Issued, Named, Served
from facts.kubernetes import Membership
from operations import certificates
from tests.unit.operations.fake_host import commands

CLIENT = "/etc/kubernetes/pki/apiserver-kubelet-client.crt"
MEMBER = Left(True, "a" * 64, "a" * 64)


def issued(days: float, written: int = 100, serial: str = "0A") -> dict[str, Certificate]:
    return {API: Certificate(int(time.time() + days * 86400), written, serial)}


def test_certificates_are_renewed_where_one_ends_soon() -> None:
    assert commands(certificates.renew, {Issued: issued(200)}, within_days=100) == []
    assert len(commands(certificates.renew, {Issued: issued(50)}, within_days=100)) == 1
    assert "could not be read" in commands(certificates.renew, {Issued: {}}, within_days=100)[0]


def test_a_component_is_started_again_when_what_it_reads_is_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "RESTART_WAIT_S", 0)

    def ran(started: int | None) -> list[str]:
        found = {CLIENT: issued(200)[API]}
        facts = {Issued: found, Components: None if started is None else {"kube-apiserver": started}}
        return commands(certificates.restart_readers, facts, components=["kube-apiserver"], after=[])

    assert ran(100) == []
    assert ran(99) == ["sh -s"]
    assert "does not answer" in ran(None)[0]


def test_the_certificate_on_the_disk_is_the_one_that_is_shown() -> None:
    assert commands(certificates.wait_served, {Issued: issued(200), Served: "0A"}, port=6443, after=[]) == []
    assert len(commands(certificates.wait_served, {Issued: issued(200), Served: ""}, port=6443, after=[])) == 1


def test_the_api_reads_its_own_certificate_without_being_started_again() -> None:
    facts = {Issued: issued(200, written=100), Components: {"kube-apiserver": 50}}
    assert commands(certificates.restart_readers, facts, components=["kube-apiserver"], after=[]) == []


def named(found: list[str] | None, member: Left | None = MEMBER, **more: Any) -> list[str]:
    given: dict[str, Any] = {
        "names": lambda: ["api", "192.0.2.1"],
        "document": lambda known, folder: f"{known}{folder}",
    }
    facts = {Membership: member, Named: found}
    return commands(certificates.api_sans, facts, port=6443, **{**given, **more})


def test_an_api_that_comes_back_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([None, {"kube-apiserver": 100}])
    monkeypatch.setattr(wait, "pause", lambda: None)
    facts = {Issued: {CLIENT: issued(200)[API]}, Components: lambda: next(answers)}
    assert commands(certificates.restart_readers, facts, components=["kube-apiserver"], after=[]) == []


def test_a_certificate_that_has_every_name_is_left_alone() -> None:
    assert named(["192.0.2.1", "kubernetes", "api"]) == []
    assert named([], Left()) == []


def test_a_certificate_without_a_name_is_made_anew_and_seen_in_a_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(remote, "run", lambda name, command: asked.append(command) or "known")
    told, folder, made, placed, seen = named(["kubernetes", "api"])
    assert "configmap kubeadm-config" in asked[0]
    assert told == made == "sh -s"
    assert "ca.key" in folder
    # A key without its certificate is replaced by the next run; a certificate without its key would be taken for done.
    assert placed.index("apiserver.key") < placed.index("apiserver.crt")
    assert "openssl s_client -connect 127.0.0.1:6443" in seen
    assert named([], executing=False) == ["true"]


def test_nothing_is_made_from_what_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "could not be read" in named(None)[0]
    assert "could not be read" in named(["api"], None)[0]
    assert "could not be read" in named(["api"], names=lambda: None)[0]
    assert named([], names=lambda: None, executing=False) == []
    monkeypatch.setattr(remote, "run", lambda name, command: "known")
    (refused,) = named(["api"], document=lambda known, folder: None)
    assert "tailnet addresses" in refused
