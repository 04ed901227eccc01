"""nginx on the gateway, and the certificate that it shows."""

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
    Have nginx test its configuration when it is about to be restarted for it: with a wrong one it would not start again.

    + reads: files that nginx reads when it starts
    + written_by: operations that write them
    """
    found = host.get_fact(State, unit="nginx.service", reads=list(reads))
    if found is None:
        yield fail("the state of nginx.service could not be read")
    elif found.outdated or will_have_changed(written_by):
        yield StringCommand("nginx -t -q")
    else:
        host.noop("nginx has read its files")


@operation()
def certificate(
    certificate: str, domain: str, webroot: str, email: str | None, server: str = ""
) -> Generator[StringCommand, None, None]:
    """
    Have a valid certificate from Let's Encrypt; certbot's own timer renews it from then on.

    + certificate: where certbot keeps it
    + domain: name that it is for; it must lead to this host's port 80
    + webroot: folder that nginx serves the challenge from
    + email: told before a certificate expires
    + server: directory of another authority than Let's Encrypt
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
