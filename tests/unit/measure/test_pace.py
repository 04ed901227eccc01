"""A slow host has more time; a quick one has no more than before."""

from __future__ import annotations

import pytest

from cluster.observed.machine import Load
from measure.pace import SLOWEST, Greeting


@pytest.mark.parametrize(
    ("took", "load", "pace"),
    [
        (0.2, Load(0.3, 2), 1.0),
        (0.9, None, 1.0),  # an operator at 300 ms
        (0.4, Load(8.0, 2), 1.0),
        (0.4, Load(12.0, 1), 3.0),
        (4.5, Load(1.0, 1), 3.0),
        (30.0, Load(17.0, 1), SLOWEST),  # an emulated processor that comes back from a power cut
    ],
)
def test_pace(took: float, load: Load | None, pace: float) -> None:
    assert Greeting(took, 0.0, load).pace == pytest.approx(pace)
