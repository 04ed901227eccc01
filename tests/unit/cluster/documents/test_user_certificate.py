"""A person's kubeconfig: the request says who and as what, the file is renewed in time, and only then."""

from __future__ import annotations

import datetime

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cluster.documents import user_certificate
from lab.load_inventory import load
from tests.places import INVENTORIES

SMALL = load(INVENTORIES / "day-two" / "inventory.py")
ANN = user_certificate.Person("ann", "edit", 8)
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
AUTHORITY = "-----BEGIN CERTIFICATE-----\nthe cluster's\n-----END CERTIFICATE-----\n"


def signed(request: str, hours: int) -> str:
    """As the cluster would sign it."""
    asked = x509.load_pem_x509_csr(request.encode())
    assert asked.is_signature_valid
    builder = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(x509.Name([]))
        .public_key(asked.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + datetime.timedelta(hours=hours))
    )
    done = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return done.public_bytes(serialization.Encoding.PEM).decode()


def file() -> str:
    key = user_certificate.new_key()
    return user_certificate.render(SMALL, ANN, key, signed(user_certificate.request(ANN, key), ANN.hours), AUTHORITY)


def current(
    person: user_certificate.Person = ANN, after_h: float = 0, authority: str = AUTHORITY, text: str = ""
) -> bool:
    now = NOW + datetime.timedelta(hours=after_h)
    return user_certificate.is_current(text or file(), SMALL, person, authority, now)


def test_the_file_says_who_as_what_and_until_when() -> None:
    assert file().startswith("# ann, edit, until 2026-11-24 20:00 UTC.")
    assert "ssh -N -L" in file()
    assert yaml.safe_load(file())["users"][0]["name"] == "ann"


def test_it_is_made_anew_when_half_of_its_time_is_over() -> None:
    assert current()
    assert current(after_h=3.9)
    assert not current(after_h=4.1)


def test_it_is_made_anew_for_another_person_role_time_or_cluster() -> None:
    assert not current(user_certificate.Person("bob", "edit", 8))
    assert not current(user_certificate.Person("ann", "view", 8))
    assert not current(user_certificate.Person("ann", "edit", 2))
    assert not current(authority="another")
    assert not current(text="no kubeconfig: [")


def test_the_request_holds_no_key_and_asks_for_so_many_seconds() -> None:
    pem = user_certificate.request(ANN, user_certificate.new_key())
    assert "PRIVATE" not in pem
    spec = yaml.safe_load(user_certificate.signing_request("x", ANN, pem))["spec"]
    assert (spec["expirationSeconds"], spec["usages"]) == (8 * 3600, ["client auth"])


def test_the_role_is_given_to_the_group_that_the_certificate_names() -> None:
    made = yaml.safe_load(user_certificate.binding("edit"))
    assert (made["roleRef"]["name"], made["subjects"][0]["name"]) == ("edit", ANN.group)
