"""Named faults that can be undone. A new one is a pair of small functions and a line in catalogue.py."""

from __future__ import annotations

from contextlib import suppress

from lab.failures import LabError
from lab.faults.catalogue import FAULTS
from lab.faults.context import Scene
from lab.world import lifecycle
from lab.world.plan import WorldPlan
from lab.world.state import Run


def listing() -> str:
    """A line for each fault: its name, where it happens, what it does."""
    rows = [(f"{name} {fault.target.upper()}".rstrip(), fault.text) for name, fault in FAULTS.items()]
    width = max(len(head) for head, _ in rows)
    return "\n".join(f"{head.ljust(width)}  {text}" for head, text in rows)


def scene_of(place: Run, name: str, target: str | None) -> Scene:
    """The fault's place in that lab; LabError where host or site is not there, or not what the fault happens to."""
    planned = lifecycle.of(place)
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
        return Scene(place, planned, name)
    if kind == "host":
        return Scene(place, planned, name, given_host=planned.host(target))
    return Scene(place, planned, name, given_site=planned.site(target))


def choices(planned: WorldPlan, kind: str) -> str:
    """The hosts or sites of that world."""
    return ", ".join(thing.name for thing in (planned.hosts if kind == "host" else planned.sites))


def in_force(place: Run) -> list[list[str | None]]:
    """The faults that are caused and not healed: [name, target]."""
    return list(place.state.get("faults", []))


def cause(place: Run, name: str, target: str | None) -> None:
    """Break it. It is recorded first, so that what is broken by half can be healed too."""
    scene = scene_of(place, name, target)
    before = in_force(place)
    if [name, target] in before:
        raise LabError(
            f"fault {called(scene)}",
            "is in force already",
            "it can't be caused twice",
            f"python -m lab heal {called(scene)}",
        )
    place.update(faults=[*before, [name, target]])
    try:
        FAULTS[name].apply(scene)
    except LabError:
        with suppress(LabError):
            FAULTS[name].undo(scene)
        forget(scene, target)
        raise


def heal(place: Run, name: str, target: str | None) -> None:
    """Undo it."""
    scene = scene_of(place, name, target)
    if [name, target] not in in_force(place):
        others = ", ".join(" ".join(filter(None, fault)) for fault in in_force(place)) or "none"
        raise LabError(
            f"fault {called(scene)}", "is not in force", f"in force: {others}", f"python -m lab break {called(scene)}"
        )
    FAULTS[name].undo(scene)
    forget(scene, target)


def called(scene: Scene) -> str:
    """Its name and target, as on the command line."""
    return f"{scene.name} {scene.target}".rstrip()


def forget(scene: Scene, target: str | None) -> None:
    """It is no longer in force, and what it kept is not needed."""
    scene.place.update(faults=[fault for fault in in_force(scene.place) if fault != [scene.name, target]])
    scene.memory.unlink(missing_ok=True)
