"""nginx on the gateway, and its certificate."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation
from pyinfra.api.operation import OperationMeta

from engine.fail import fail
from facts.systemd import State
from facts.tls import CertificateState
from operations.systemd import will_have_changed


@operation()
def check_config(reads: Sequence[str], written_by: Sequence[OperationMeta]) -> Generator[StringCommand, None, None]:
    """
    Run `nginx -t` if nginx will be restarted: with an invalid configuration it would not start again.

    + reads: files that nginx reads at its start
    + written_by: operations that write them
    """
    found = host.get_fact(State, unit="nginx.service", reads=list(reads))
    if found is None:
        yield fail("the state of nginx.service could not be read")
    elif found.outdated or will_have_changed(written_by):
        yield StringCommand("nginx -t -q")
    else:
        host.noop("nginx runs with its current configuration")


@operation()
def certificate(
    certificate: str, domain: str, webroot: str, email: str | None, server: str = ""
) -> Generator[StringCommand, None, None]:
    """
    Obtain a certificate from Let's Encrypt by certbot unless a valid one exists; certbot's timer renews it.

    + certificate: path at which certbot stores it
    + domain: DNS name of the certificate; it must lead to port 80 of this host
    + webroot: folder from which nginx serves the challenge
    + email: gets Let's Encrypt's warnings before the certificate expires; None: nobody does
    + server: ACME directory of another authority; empty: Let's Encrypt
    """
    found = host.get_fact(CertificateState, path=certificate)
    if found is None:
        yield fail(f"{certificate} could not be read")
        return
    if found == "valid":
        host.noop("the certificate is valid")
        return
    contact = ["--email", QuoteString(email)] if email else ["--register-unsafely-without-email"]
    yield StringCommand(
        "mkdir -p",
        QuoteString(webroot),
        "&& certbot certonly --non-interactive --agree-tos --webroot --webroot-path",
        QuoteString(webroot),
        *contact,
        *(["--server", QuoteString(server)] if server else []),
        "--cert-name",
        QuoteString(domain),
        "--domain",
        QuoteString(domain),
        "--deploy-hook",
        QuoteString("systemctl reload nginx.service"),
    )
