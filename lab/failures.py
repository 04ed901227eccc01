"""The lab's errors, in the four parts of all problems: where, what, why, fix."""

from __future__ import annotations

from cluster.problems import Problem


class LabError(Exception):
    """The lab can't do what was requested."""

    def __init__(self, where: str, what: str, why: str, fix: str) -> None:
        super().__init__(str(Problem(where, what, why, fix)))


class UnsupportedMachine(LabError):
    """This machine can't run a lab; prints as one line."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__("this machine", what, why, fix)
        self.line = f"The lab can't run here: {what} ({why}). {fix}"

    def __str__(self) -> str:
        return self.line


class Interrupted(BaseException):
    """A signal arrived; everything made so far is to be removed."""
