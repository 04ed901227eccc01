"""The gateway obtains its certificate by ACME, as it does from Let's Encrypt, and renews it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import common
from tests.lab.conftest import Rehearsal, rehearsal
from tests.lab.tasks import DAY_TWO

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.fixture(scope="module")
def world(watched: set[str]) -> Iterator[Rehearsal]:
    yield from rehearsal(DAY_TWO, "test-14", watched, "--acme")


def shown(world: Rehearsal, about: str) -> str:
    """What the gateway's certificate, as a worker meets it and trusts it, says about that."""
    name = world.cluster.coordination_name
    ask = f"openssl s_client -connect {name}:443 -servername {name} -verify_return_error -CAfile /etc/ssl/certs/ca-certificates.crt < /dev/null 2>/dev/null"
    return world.on(world.cluster.nodes[-1], f"{ask} | openssl x509 -noout -{about}").stdout


def test_the_deploy_obtains_it_and_does_what_it_previews(world: Rehearsal) -> None:
    foreseen, done = world.previewed(), world.changed()
    assert "Pebble" in shown(world, "issuer")
    world.must("verify", "--wait", "120")
    common.second_run_changes_nothing(world)
    common.preview_lists_nothing(world)
    assert done == foreseen


def test_a_renewed_one_is_shown_and_the_deploy_has_nothing_to_do(world: Rehearsal) -> None:
    old = shown(world, "serial")
    assert old.startswith("serial=")
    assert "certbot.timer" in world.on(world.cluster.gateway, "systemctl list-timers --no-pager").stdout
    renewed = world.on(world.cluster.gateway, "certbot renew --force-renewal --no-random-sleep-on-renew -q")
    assert renewed.returncode == 0, renewed.output
    assert shown(world, "serial") != old
    common.preview_lists_nothing(world)
    common.second_run_changes_nothing(world)


def test_no_secret_was_shown(world: Rehearsal) -> None:
    common.no_secret_was_shown(world)
