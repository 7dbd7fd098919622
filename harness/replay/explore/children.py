"""How child workflows end: as an exploration of each by itself shows, with the signals that it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.replay.explore.move import TROUBLES
from harness.replay.explore.world import Declared, KnownOutcome, Pending, World, begin, run_id_of

_MOST_ENDS = 4
"""How many ways in which a child ends, beside its plain one, its parent meets."""

_ENDS = ("completed", "failed", "cancelled")


def child_world(child: Pending, parent: World, *, budgets: Mapping[str, int]) -> World:
    """Return the world of a child before its first task.

    Args:
        child: The child, with the signals that it was sent.
        parent: The world of its parent.
        budgets: How often what is no plain course of things may happen to a child.
    """
    workflow_id = child.attributes.workflow_id
    world = World(
        workflow_id=workflow_id,
        workflow_type=child.type,
        task_queue=child.attributes.task_queue.name or parent.task_queue,
        run_id=run_id_of(workflow_id, 0),
        sends=(child.heard,) if child.heard else (),
        left=budgets,
        ends=parent.ends,
    )
    return begin(world, arguments=child.attributes.input)


def child_budgets(budgets: Mapping[str, int]) -> dict[str, int]:
    """Return the budgets of a child: what is done to the parent alone, and to the order of things, is left out."""
    kept = {"fail", "timeout"}
    several = {name: count if name in kept else 0 for name, count in budgets.items()}
    return {**several, "trouble": min(1, budgets["trouble"])}


def child_ends(child: Pending, parent: World, ended: Sequence[tuple[World, str]]) -> tuple[KnownOutcome, ...]:
    """Return how a child can end, the plain way first.

    Args:
        child: The child.
        parent: The world of its parent.
        ended: The world at the end of each of its paths, and how it ends, in the order in which they were explored.
    """
    plain = [(world, close) for world, close in ended if not any(_troubles(world))]
    first = next((each for each in plain if each[1] in _ENDS), None)
    unexplored = [reason for world, _ in ended for reason in world.unexplored]
    if first is None:
        return (_without_end(child, parent, plain),)
    kept = [replace(_outcome(first[0]), signals=_signals(first[0], parent))]
    for world, close in ended:
        signals = _signals(world, parent)
        if close == "stuck":
            unexplored.append(f"child {child.shown} where it waits for something from outside")
        outcome = _outcome(world) if close in _ENDS else None
        if outcome is None or any(_is_alike(outcome, each) for each in kept):
            continue
        if close == "completed" and signals != kept[0].signals:
            unexplored.append(f"child {child.shown} where it sends other signals and ends otherwise")
        else:
            kept.append(replace(outcome, detail=f"end-{len(kept)}", words=_words_of(world, close)))
    if more := kept[_MOST_ENDS + 1 :]:
        unexplored.append(f"child {child.shown} where it ends in one of the {len(more)} ways beyond {_MOST_ENDS + 1}")
    kept[0] = replace(kept[0], unexplored=tuple(dict.fromkeys(unexplored)))
    return tuple(kept[: _MOST_ENDS + 1])


def waiting_children(world: World) -> tuple[str, ...]:
    """Say which children of a world that is stuck wait for something that their parent does not send them."""
    return tuple(
        f"what child {each.shown} waits for, which comes from outside"
        for each in world.pending.values()
        if each.kind == "child" and any(end.waits for end in world.ends.get(each.known_by, ()))
    )


def _troubles(world: World) -> Iterator[str]:
    return (move.words for move in world.moves if move.kind in TROUBLES)


def _is_alike(one: KnownOutcome, other: KnownOutcome) -> bool:
    return (one.result, one.failure) == (other.result, other.failure)


def _words_of(world: World, close: str) -> str:
    """Say how a child ends that does not end in its plain way."""
    trouble = next(_troubles(world), None)
    if close == "completed":
        return "completes otherwise, " + (f"since its {trouble}" if trouble else "by its own order of events")
    because = f", since its {trouble}" if trouble else ""
    return f"fails ({world.result.splitlines()[0] if world.result else close}){because}"


def _without_end(child: Pending, parent: World, plain: Sequence[tuple[World, str]]) -> KnownOutcome:
    stuck = next((world for world, close in plain if close == "stuck"), None)
    if stuck is not None:
        return KnownOutcome(waits=True, signals=_signals(stuck, parent))
    if not plain:
        return KnownOutcome(why_not=f"how child {child.shown} ends: its exploration came to no end")
    world, close = plain[0]
    why = "; ".join(world.unexplored) or world.result or close
    return KnownOutcome(why_not=f"how child {child.shown} ends: {why}")


def _outcome(world: World) -> KnownOutcome:
    last = world.events[-1]
    if last.HasField("workflow_execution_completed_event_attributes"):
        completed = last.workflow_execution_completed_event_attributes
        return KnownOutcome(result=completed.result if completed.HasField("result") else None)
    return KnownOutcome(failure=last.workflow_execution_failed_event_attributes.failure)


def _signals(world: World, parent: World) -> tuple[Declared, ...]:
    return tuple(signal for receiver, signal in world.sent_out if receiver == parent.workflow_id)
