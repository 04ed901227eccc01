"""The heading of a lab's state."""

from __future__ import annotations

from lab.world.state import Run
from lab.world.status import heading


def test_the_heading_has_what_differs(lab: Run) -> None:
    assert heading(lab) == f"lab t: half-made, files in {lab.folder}"
    lab.update(up=True, delay=False, faults=[("latency", "home"), ("upstream-dropped", None)])
    assert heading(lab).endswith("delay off, fault latency home, fault upstream-dropped")
    lab.update(delay=True, faults=[], official=("CNI plugins", "flannel's images"))
    assert heading(lab).endswith("from their publishers: CNI plugins, flannel's images")
