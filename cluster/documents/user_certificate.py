"""A person's kubeconfig: a key made on the operator's machine, and a short-lived certificate that the cluster signs."""

from __future__ import annotations

import base64
import datetime
from dataclasses import dataclass
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cluster.documents.kubeconfig import server, tunnel
from cluster.model import Cluster

GROUP = "isthmus"


@dataclass(frozen=True)
class Person:
    """A person with access to the cluster: user name, ClusterRole of Kubernetes (view, edit, admin, cluster-admin), and hours of validity."""

    user: str
    role: str
    hours: int

    @property
    def group(self) -> str:
        """The certificate's group, to which the role is bound: the role is part of the certificate, and ends with it."""
        return f"{GROUP}:{self.role}"


def new_key() -> bytes:
    """A new private key as PEM; secret."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def request(person: Person, key: bytes) -> str:
    """The certificate signing request as PEM, without secrets. `key`: private key as PEM."""
    private: Any = serialization.load_pem_private_key(key, None)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, person.group),
            x509.NameAttribute(NameOID.COMMON_NAME, person.user),
        ]
    )
    built = x509.CertificateSigningRequestBuilder().subject_name(name).sign(private, hashes.SHA256())
    return built.public_bytes(serialization.Encoding.PEM).decode()


def signing_request(name: str, person: Person, pem: str) -> str:
    """The CertificateSigningRequest object as YAML. `name`: the object's name; `pem`: the request."""
    return yaml.safe_dump(
        {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": name},
            "spec": {
                "request": base64.b64encode(pem.encode()).decode(),
                "signerName": "kubernetes.io/kube-apiserver-client",
                "expirationSeconds": person.hours * 3600,
                "usages": ["client auth"],
            },
        }
    )


def binding(role: str) -> str:
    """The ClusterRoleBinding as YAML that gives the role to every certificate of its group."""
    return yaml.safe_dump(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{GROUP}:{role}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": f"{GROUP}:{role}"}],
        }
    )


def render(cluster: Cluster, person: Person, key: bytes, certificate: str, authority: str) -> str:
    """The kubeconfig; secret. `key`, `certificate` and `authority` (the cluster's CA) are PEM."""
    way = tunnel(cluster)
    header = f"# {person.user}, {person.role}, until {_end(certificate):%Y-%m-%d %H:%M} UTC. Written by isthmus.\n"
    header += f"# First open the way to the API, in another terminal:\n#   {way}\n" if way else ""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster.cluster_name, "cluster": _entry(cluster, authority)}],
        "users": [
            {
                "name": person.user,
                "user": {
                    "client-certificate-data": base64.b64encode(certificate.encode()).decode(),
                    "client-key-data": base64.b64encode(key).decode(),
                },
            }
        ],
        "contexts": [{"name": cluster.cluster_name, "context": {"cluster": cluster.cluster_name, "user": person.user}}],
        "current-context": cluster.cluster_name,
    }
    return header + yaml.safe_dump(document, sort_keys=False)


def is_current(text: str, cluster: Cluster, person: Person, authority: str, now: datetime.datetime) -> bool:
    """Whether the kubeconfig has this person, role and CA, and is valid for at least half of the person's hours and at most all of them."""
    try:
        found: Any = yaml.safe_load(text)
        encoded = found["users"][0]["user"]["client-certificate-data"]
        certificate = base64.b64decode(encoded).decode()
        entry = found["clusters"][0]["cluster"]
        subject = x509.load_pem_x509_certificate(certificate.encode()).subject.rfc4514_string()
        left = _end(certificate) - now
    except (yaml.YAMLError, KeyError, TypeError, IndexError, ValueError):
        return False
    wanted = datetime.timedelta(hours=person.hours)
    return (
        entry == _entry(cluster, authority)
        and subject == f"CN={person.user},O={person.group}"
        and wanted / 2 < left <= wanted
    )


def _entry(cluster: Cluster, authority: str) -> dict[str, str]:
    return {
        "server": server(cluster),
        "tls-server-name": cluster.api_endpoint_name,
        "certificate-authority-data": base64.b64encode(authority.encode()).decode(),
    }


def _end(certificate: str) -> datetime.datetime:
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
