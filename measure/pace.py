"""How fast a host answers, and what time limits follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.observed.machine import Load

# A greeting takes three round trips and a login; a quarter of a second with the operator far away, so this is slow.
NORMAL_S = 1.5
# More than so many programs for each processor want to run: each takes as many times longer.
NORMAL_LOAD = 4.0
# A host that takes four times as long as the limits allow is measured whole; beyond it, verify would take minutes.
SLOWEST = 4.0


@dataclass(frozen=True)
class Greeting:
    """A host's first answer: seconds that it took, seconds by which its clock is ahead of this machine's, and its load.

    `load` None: it could not be read.
    """

    took_s: float
    offset_s: float
    load: Load | None = None

    @property
    def pace(self) -> float:
        """The factor for time limits: 1 for a host that answers at once, at most SLOWEST."""
        crowd = self.load.average / self.load.processors / NORMAL_LOAD if self.load else 1.0
        return min(SLOWEST, max(1.0, self.took_s / NORMAL_S, crowd))
