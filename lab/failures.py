"""What goes wrong in the lab, said in the one form of all problems."""

from __future__ import annotations

from cluster.problems import Problem


class LabError(Exception):
    """The lab can't do what was asked."""

    def __init__(self, where: str, what: str, why: str, fix: str) -> None:
        super().__init__(str(Problem(where, what, why, fix)))


class UnsupportedMachine(LabError):
    """This machine can't run a lab: said in one line."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__("this machine", what, why, fix)
        self.line = f"The lab can't run here: {what} ({why}). {fix}"

    def __str__(self) -> str:
        return self.line


class Interrupted(BaseException):
    """A signal arrived; what was made so far is to be cleaned up."""
