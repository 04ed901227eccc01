"""A repository's packages, as apt chooses them."""

from __future__ import annotations

from lab.mirror.official.parts import KUBERNETES, PARTS, Asker
from tests.unit.lab.mirror.official import publisher


def test_packages_come_with_what_they_depend_on_in_the_highest_version(asker: Asker) -> None:
    found = PARTS[KUBERNETES].ask(asker)
    packages = {path.rpartition("/")[2] for path in found if path.endswith(".deb")}
    assert packages == {
        "kubeadm_1.36.3-1.1_amd64.deb",
        "kubectl_1.36.3-1.1_amd64.deb",
        "kubelet_1.36.3-1.1_amd64.deb",
        "kubernetes-cni_1.10.0-1.1_amd64.deb",
    }
    assert f"{publisher.KUBERNETES}/Release.key" in found
