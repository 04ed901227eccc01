"""How verify puts together what it asked for at the same time."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.observed.probe import PodsMeasured
from measure import paths, probes, run
from tests.unit.report.recorded import declared


def test_what_ended_before_the_rest_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A greenlet that has ended counts as false: quick probes and previews were taken for not asked."""
    speaker = declared().control_planes[0].name
    pods = PodsMeasured(own={speaker: True})
    monkeypatch.setattr(run, "_begun", [0.0])
    monkeypatch.setattr(probes, "pods", lambda *_: pods)
    monkeypatch.setattr(probes, "drift", lambda: (("a | b: c",), ""))

    def later(*_: Any) -> dict[str, Any]:
        run.gevent.sleep(0.05)
        return {}

    monkeypatch.setattr(run, "_ask", later)
    monkeypatch.setattr(run, "_host", lambda cluster, name, answers: name)
    monkeypatch.setattr(run, "_with_reach", lambda *_: {})
    monkeypatch.setattr(paths, "timed", lambda *_: {})
    found = run.measurement(declared(), [speaker], {"pods", "drift"})
    assert (found.pods, found.drift) == (pods, ("a | b: c",))
