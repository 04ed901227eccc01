"""A login keeps what an administrator has set: the client's own rule is that each flag which is not at its default is mentioned."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from cluster.documents import tailscale
from cluster.documents.tailscale import Login, Preferences, up_script
from cluster.observed.tailscale import ClientPrefs, ClientStatus, parse_prefs, parse_status

SERVER = "https://mesh.example"
WANTED = Preferences("n1", (IPv4Network("10.0.0.3/32"),))
RUNNING = ClientStatus("Running", node_key="nodekey:1")
# As `tailscale debug prefs` has it after `tailscale set` of everything.
ALL_SET = {
    "ControlURL": SERVER,
    "RouteAll": True,
    "CorpDNS": False,
    "RunSSH": True,
    "RunWebClient": True,
    "ShieldsUp": True,
    "OperatorUser": "ubuntu",
    "ExitNodeID": "n7",
    "ExitNodeAllowLANAccess": True,
    "Hostname": "n1",
    "AdvertiseRoutes": ["::/0", "10.0.0.3/32", "0.0.0.0/0"],
    "NoSNAT": True,
    "NoStatefulFiltering": True,
    "NetfilterMode": 2,
    "AutoUpdate": {"Check": False, "Apply": True},
    "AppConnector": {"Advertise": True},
    "PostureChecking": True,
    "RelayServerPort": 41642,
}
UP = {"ssh", "shields-up", "operator", "advertise-exit-node", "advertise-connector"}


def prefs(**more: object) -> ClientPrefs:
    return parse_prefs([json.dumps({**ALL_SET, **more})])


def login(found: ClientPrefs, status: ClientStatus = RUNNING) -> Login:
    return Login.of(SERVER, WANTED, status, found)


def test_every_preference_of_an_administrator_is_mentioned_or_set_again() -> None:
    made = login(prefs())
    assert {flag: made.flags[flag] for flag in UP} == {**dict.fromkeys(UP, "true"), "operator": "ubuntu"}
    assert made.again == {
        "webclient": "true",
        "report-posture": "true",
        "exit-node-allow-lan-access": "true",
        "auto-update": "true",
        "update-check": "false",
        "relay-server-port": "41642",
    }


def test_what_the_deploy_wants_comes_after_what_was_there() -> None:
    made = login(prefs())
    assert made.flags["advertise-routes"] == "10.0.0.3/32"
    assert (made.flags["accept-dns"], made.flags["hostname"], made.flags["advertise-tags"]) == ("false", "n1", "")


def test_a_client_at_its_defaults_mentions_nothing_more() -> None:
    made = login(ClientPrefs(known=True))
    assert not UP & set(made.flags)
    assert (made.again, made.exit_node) == ({}, "")


@pytest.mark.parametrize(
    ("found", "status", "exit_node"),
    [
        (
            prefs(),
            parse_status(
                [
                    json.dumps(
                        {"BackendState": "Running", "ExitNodeStatus": {"ID": "n7", "TailscaleIPs": ["100.64.10.7/32"]}}
                    )
                ]
            ),
            "100.64.10.7",
        ),
        (prefs(ExitNodeIP="100.64.10.8"), RUNNING, "100.64.10.8"),
        (prefs(AutoExitNode="any"), RUNNING, "auto:any"),
        (prefs(ExitNodeIP="100.64.10.8", ControlURL="https://controlplane.tailscale.com"), RUNNING, ""),
    ],
)
def test_the_exit_node_comes_along_within_a_tailnet(found: ClientPrefs, status: ClientStatus, exit_node: str) -> None:
    assert login(found, status).exit_node == exit_node


def test_exit_routes_are_no_difference() -> None:
    found = prefs()
    assert found.advertise_routes == ("10.0.0.3/32",)
    assert tailscale.current_flags(found) == WANTED.flags(found)
    assert "advertise-exit-node" not in prefs(AdvertiseRoutes=["0.0.0.0/0"]).up


def test_the_script_hides_the_key_in_a_file_that_it_removes() -> None:
    script = up_script("hskey-auth-abc", Login({"hostname": "n1"}), again=True)
    assert "trap 'rm -f /run/isthmus-tailnet.key" in script
    assert script.startswith("umask 077\n")
    assert "tailscale up --force-reauth --auth-key=file:/run/isthmus-tailnet.key --hostname=n1" in script


CLIENT = """#!/bin/sh
echo "$@" >> CALLS
case "$*" in *"--exit-node=100"*) case "$1" in up) echo 'no node found in netmap with IP 100.64.10.7' >&2; exit 1;; esac;; esac
exit STATUS
"""


def run(folder: Path, made: Login, status: int = 0) -> tuple[list[str], list[str]]:
    """What a client was called with, and the log."""
    calls, log = folder / "calls", folder / "log"
    (folder / "tailscale").write_text(CLIENT.replace("CALLS", str(calls)).replace("STATUS", str(status)))
    (folder / "tailscale").chmod(0o755)
    script = up_script("hskey-auth-abc", made, again=True)
    for path, own in ((tailscale.KEY_FILE, folder / "key"), (tailscale.LOG_FILE, log)):
        script = script.replace(path, str(own))
    subprocess.run(["sh", "-s"], input=script, text=True, check=True, env={"PATH": f"{folder}:/usr/bin:/bin"})
    assert not (folder / "key").exists()
    return calls.read_text().splitlines(), log.read_text().splitlines()


def test_a_login_with_nothing_set_is_one_command(tmp_path: Path) -> None:
    calls, log = run(tmp_path, Login({"hostname": "n1"}))
    assert calls == [f"up --force-reauth --auth-key=file:{tmp_path}/key --hostname=n1 --exit-node="]
    assert log == ["0"]


def test_what_is_set_again_is_off_meanwhile_where_up_may_not_know_it(tmp_path: Path) -> None:
    before, up, after = run(tmp_path, Login({}, {"report-posture": "true", "webclient": "true"}), status=1)[0]
    assert before == "set --report-posture=false"
    assert up.startswith("up ")
    assert after == "set --report-posture=true --webclient=true"


def test_an_exit_node_that_is_not_seen_at_the_moment_keeps_nobody_out(tmp_path: Path) -> None:
    calls, log = run(tmp_path, replace(login(ClientPrefs(known=True)), exit_node="100.64.10.7"))
    assert [call.split()[0] for call in calls] == ["up", "set", "up", "set"]
    assert calls[-1] == "set --exit-node=100.64.10.7"
    assert log[0] == "0"
