"""Named faults that can be undone. A new one is a pair of small functions and a line in catalogue.py."""

from __future__ import annotations

from contextlib import suppress

from lab.failures import LabError
from lab.faults.catalogue import FAULTS
from lab.faults.context import Context
from lab.world import lifecycle
from lab.world.plan import WorldPlan
from lab.world.state import Run


def listing() -> str:
    """A line for each fault: its name, where it happens, what it does."""
    rows = [(f"{name} {fault.target.upper()}".rstrip(), fault.text) for name, fault in FAULTS.items()]
    width = max(len(head) for head, _ in rows)
    return "\n".join(f"{head.ljust(width)}  {text}" for head, text in rows)


def context_of(lab: Run, name: str, target: str | None) -> Context:
    """The fault's context in a lab; LabError if the host or site is not in the lab, or the fault has another kind of target."""
    planned = lifecycle.world_of(lab)
    kind = FAULTS[name].target
    if target and not kind:
        raise LabError(
            f"fault {name}", f"has no target, but {target} is given", "it happens in one place", f"leave {target} out"
        )
    if kind and not target:
        raise LabError(
            f"fault {name}", f"needs a {kind}", f"it is caused at one {kind}", f"name one of {choices(planned, kind)}"
        )
    if not target:
        return Context(lab, planned, name)
    if kind == "host":
        return Context(lab, planned, name, given_host=planned.host(target))
    return Context(lab, planned, name, given_site=planned.site(target))


def choices(planned: WorldPlan, kind: str) -> str:
    """The names of a world's hosts or sites."""
    return ", ".join(thing.name for thing in (planned.hosts if kind == "host" else planned.sites))


def in_force(lab: Run) -> list[list[str | None]]:
    """The faults in force: [name, target]."""
    return list(lab.state.get("faults", []))


def cause(lab: Run, name: str, target: str | None) -> None:
    """Cause a fault. The record is written first, so that a half-caused fault can be healed, too."""
    context = context_of(lab, name, target)
    before = in_force(lab)
    if [name, target] in before:
        raise LabError(
            f"fault {label(context)}",
            "is in force already",
            "a fault can't be caused twice",
            f"python -m lab heal {label(context)}",
        )
    lab.update(faults=[*before, [name, target]])
    try:
        FAULTS[name].apply(context)
    except LabError:
        with suppress(LabError):
            FAULTS[name].undo(context)
        remove_record(context, target)
        raise


def heal(lab: Run, name: str, target: str | None) -> None:
    """Undo a fault and remove its record."""
    context = context_of(lab, name, target)
    if [name, target] not in in_force(lab):
        others = ", ".join(" ".join(filter(None, fault)) for fault in in_force(lab)) or "none"
        raise LabError(
            f"fault {label(context)}", "is not in force", f"in force: {others}", f"python -m lab break {label(context)}"
        )
    FAULTS[name].undo(context)
    remove_record(context, target)


def label(context: Context) -> str:
    """The fault's name and target, as on the command line."""
    return f"{context.name} {context.target}".rstrip()


def remove_record(context: Context, target: str | None) -> None:
    """Remove the fault's record, and the state that it saved."""
    context.lab.update(faults=[fault for fault in in_force(context.lab) if fault != [context.name, target]])
    context.saved_file.unlink(missing_ok=True)
