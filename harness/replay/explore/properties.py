"""What must hold on every path: the properties, each judged from the explored paths and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.replay.explore.compensation import left_undone
from harness.replay.explore.move import ANYWAY, TROUBLES, Move, Step
from harness.replay.explore.path import ExploredPath

_BARRIERS = {*TROUBLES, "fire", "cancelled", "begin"}
"""Moves that decide a race: what comes before one and what comes after it is another course of things."""

_CLOSED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class DeclaredOutcomes:
    """What the scenario declares of its outcomes.

    Attributes:
        falls_back: Whether it completes with another result where something fails or is cancelled.
        never_ends: Whether it waits for ever by design.
        order_matters: Whether its result depends on the order of things by design.
        fails: Whether a failure is what it is to end in.
        completes_cancelled: Whether it completes where it is asked to cancel, with a result that tells so.
    """

    falls_back: bool = False
    never_ends: bool = False
    order_matters: bool = False
    fails: bool = False
    completes_cancelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One property that does not hold, with the smallest path that shows it.

    Attributes:
        property: Name of the property.
        subject: What it is about, apart from this path.
        message: What was expected and what was seen.
        path: The path.
        other: The path that it is compared with, where it is compared.
    """

    property: str
    subject: str
    message: str
    path: ExploredPath
    other: ExploredPath | None = None


Judge = Callable[[Sequence[ExploredPath], DeclaredOutcomes], Iterator[Violation]]


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of all paths.

    Attributes:
        name: Its name.
        sentence: What it promises.
        why: Why that matters.
        fix: How to mend what breaks it.
        judge: Yields what breaks it.
    """

    name: str
    sentence: str
    why: str
    fix: str
    judge: Judge


def violations(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> list[Violation]:
    """Return what breaks each property: one violation for each subject, with the smallest path."""
    smallest: dict[tuple[str, str], Violation] = {}
    for each in PROPERTIES:
        for violation in judged(each, paths, declared):
            key = violation.property, violation.subject
            if key not in smallest or violation.path.size < smallest[key].path.size:
                smallest[key] = violation
    return list(smallest.values())


def judged(each: Property, paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    """Yield what breaks a property; paths are compared where the model has given the same answers on them."""
    alike: defaultdict[tuple[str, ...], list[ExploredPath]] = defaultdict(list)
    for path in paths:
        alike[path.other_answers].append(path)
    for group in alike.values():
        yield from each.judge(group, declared)


def _nothing_waits_for_ever(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    """Yield paths without trouble on which all that was declared has come, and nothing can happen any more."""
    if declared.never_ends:
        return
    lost = {id(violation.path) for violation in _nothing_sent_is_lost(paths, declared)}
    for path in paths:
        if path.close == "stuck" and path.trouble is None and id(path) not in lost:
            sent = f" all that was declared has come ({', '.join(path.sent)}), and" if path.sent else ""
            message = f"the workflow waits for ever:{sent} nothing can happen any more"
            yield Violation(property="waits-for-ever", subject="", message=message, path=path)
        expires = any(move.kind == "expire" for move in path.moves) and path.trouble is None and not path.unsent
        if expires and not declared.fails:
            message = "the workflow waits until its own timeout ends it, which asks it nothing: it cannot clean up"
            yield Violation(property="waits-for-ever", subject="timeout", message=message, path=path)


def _no_task_fails(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    for path in paths:
        if path.close in ("task failed", "lost") and not path.nondeterministic:
            what = "fails its workflow task" if path.close == "task failed" else "is lost over its workflow task"
            why = path.result.splitlines()[0] if path.result else "no message"
            message = f"the worker {what}, and would at every attempt: {why}"
            yield Violation(property="workflow-task-fails", subject=path.place or why[:60], message=message, path=path)


def _order_changes_nothing(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    if declared.order_matters:
        return
    alike: defaultdict[object, list[ExploredPath]] = defaultdict(list)
    for path in paths:
        if path.close in _CLOSED and path.trouble is None and not _has_race(path):
            alike[_course(path.steps)].append(path)
    for group in alike.values():
        first = min(group, key=lambda each: each.size)
        for path in group:
            if difference := _difference(first, path):
                names = sorted({_plain_name(move) for move in _differently_placed(first, path)})
                subject = ", ".join(names)
                message = f"the same things happened in another order ({subject}), and {difference}"
                yield Violation(property="order-matters", subject=subject, message=message, path=path, other=first)


def _has_race(path: ExploredPath) -> bool:
    """Tell whether something comes in one workflow task with what decides a race, so that there is no order."""
    return any(len(step) > 1 and any(move.kind in _BARRIERS - {"begin"} for move in step) for step in path.steps)


def _differently_placed(one: ExploredPath, other: ExploredPath) -> list[Move]:
    pairs = zip(one.moves, other.moves, strict=False)
    return [move for pair in pairs if pair[0] != pair[1] for move in pair]


def _course(steps: Sequence[Step]) -> tuple[object, ...]:
    """Return what two paths have in common on which the same things happened, and the same races were won.

    Activities are the same by their type: that they get other input is a difference of the work done.
    """
    parts: list[object] = []
    between: Counter[str] = Counter()
    for move in (move for step in steps for move in step):
        if move.kind in _BARRIERS:
            parts += [frozenset(between.items()), move.name]
            between = Counter()
        else:
            between[_plain_name(move)] += 1
    return (*parts, frozenset(between.items()))


def _difference(one: ExploredPath, other: ExploredPath) -> str:
    if (one.close, one.result) != (other.close, other.result):
        return f"it {_end(other)} instead of {_end(one)}"
    works = [Counter(each.subject for each in path.activities) for path in (one, other)]
    if works[0] != works[1]:
        more = ", ".join(sorted((works[0] - works[1]) + (works[1] - works[0])))
        return f"other work is done: {more}"
    return ""


def _end(path: ExploredPath) -> str:
    return f"{path.close} {path.result[:120]}".strip()


def _nothing_sent_is_lost(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    """Yield paths that end as if something that came had never come, though it counts where it comes later."""
    plain = [path for path in paths if path.trouble is None and path.close in (*_CLOSED, "stuck")]
    ends: defaultdict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
    for path in plain:
        ends[path.sent].add((path.close, path.result))
    for path in plain:
        yield from _lost_in(path, plain, ends)
    for path in plain:
        unanswered = [name for name, state in path.updates.items() if state.startswith(("sent", "accepted"))]
        if path.close in _CLOSED and unanswered:
            name = unanswered[0].rpartition("-")[0]
            message = f"update {name} is not finished when the workflow closes: who sent it gets no answer"
            yield Violation(property="message-lost", subject=name, message=message, path=path)


def _lost_in(
    path: ExploredPath, plain: Sequence[ExploredPath], ends: Mapping[tuple[str, ...], set[tuple[str, str]]]
) -> Iterator[Violation]:
    for move in path.moves:
        index = _place(path, move)
        before = [each for step in path.steps[:index] for each in step]
        late = path.close != "stuck" and any(each.kind == "fire" for each in before)
        if move.kind not in ("signal", "update") or late:
            continue
        without = _sent_without(path.sent, move.subject)
        as_never = path.close == "stuck" or (path.close, path.result) in ends.get(without, set())
        later = [
            other
            for other in plain
            if other.sent == path.sent
            and other.close in _CLOSED
            and (other.close, other.result) not in ends.get(without, set())
            and (path.close, path.result) != (other.close, other.result)
            and _place(other, move) > index
        ]
        if as_never and later and not _sent_order_differs(path, later):
            other = min(later, key=lambda each: each.size)
            message = (
                f"{move.kind} {move.subject} is lost where it comes early: the workflow {_ends_words(path)}; "
                f"where it comes later it {_ends_words(other)}"
            )
            yield Violation(property="message-lost", subject=move.subject, message=message, path=path, other=other)


def _sent_order_differs(path: ExploredPath, later: Sequence[ExploredPath]) -> bool:
    """Tell whether what is sent comes in another order on all of the paths: then it is the order that counts."""

    def order(each: ExploredPath) -> list[str]:
        return [move.subject for move in each.moves if move.kind in ("signal", "update")]

    return all(order(path) != order(other) for other in later)


def _sent_without(sent: tuple[str, ...], name: str) -> tuple[str, ...]:
    rest = list(sent)
    rest.remove(name)
    return tuple(rest)


def _place(path: ExploredPath, move: Move) -> int:
    """Return with which step something comes; what comes in one workflow task comes at once."""
    return next((index for index, step in enumerate(path.steps) if move in step), -1)


def _ends_words(path: ExploredPath) -> str:
    if path.close == "stuck":
        return "waits for ever"
    return {"completed": "completes", "failed": "fails", "cancelled": "is cancelled"}[path.close] + (
        f" with {path.result[:80]}" if path.result else ""
    )


def _trouble_is_told(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    """Yield paths on which a failure or cancellation ends in waiting, or in a result that hides it, or undoes half."""
    undisturbed = {path.result for path in paths if path.close == "completed" and path.trouble is None}
    for path in paths:
        trouble = path.trouble
        if trouble is None:
            continue
        if path.close == "stuck" and not declared.never_ends:
            message = f"once {trouble.words}, the workflow waits for ever"
            yield Violation(property="trouble-untold", subject=_plain_name(trouble), message=message, path=path)
        hidden = path.close == "completed" and path.result not in undisturbed and not path.cancel_heard
        if hidden and undisturbed and not declared.falls_back:
            message = f"{trouble.words}, and the workflow completes all the same, with {path.result[:120]}"
            yield Violation(property="trouble-untold", subject=_plain_name(trouble), message=message, path=path)
    for half in left_undone(paths):
        trouble = half.path.trouble
        assert trouble is not None
        yield Violation(
            property="trouble-untold",
            subject=f"{half.undoing} after {_plain_name(trouble)}",
            message=f"{half.done} is not undone where {trouble.words}: {half.undoing} is called elsewhere, not here",
            path=half.path,
            other=half.elsewhere,
        )


def _plain_name(move: Move) -> str:
    return f"{move.kind} {move.subject.partition('#')[0]}".strip()


def _cancellation_is_heard(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    if declared.falls_back or declared.completes_cancelled:
        return
    for path in paths:
        # What ends the work may come in one workflow task with the cancellation: then it is a race.
        alone = any(move.kind == "cancel" for step in path.steps if not _rivals(step) for move in step)
        missed = any(move.detail == ANYWAY for move in path.moves)
        if alone and not missed and path.close == "completed":
            message = f"the workflow was asked to cancel, and completes with {path.result[:120] or 'no result'}"
            yield Violation(property="cancellation-swallowed", subject="", message=message, path=path)


def _rivals(step: Step) -> bool:
    return len([move for move in step if move.kind != "begin"]) > 1


def _every_path_ends(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    for path in paths:
        if path.close == "endless" and path.runs == 1 and not path.unsent and not declared.never_ends:
            message = f"after {len(path.moves)} moves the workflow still goes on, in one run of history"
            yield Violation(property="no-end", subject="", message=message, path=path)


def _asked_again_the_same(paths: Sequence[ExploredPath], declared: DeclaredOutcomes) -> Iterator[Violation]:
    for path in paths:
        if path.difference or path.nondeterministic:
            said = path.difference or path.result
            message = f"asked again with the whole history the worker decides otherwise: {said.splitlines()[0]}"
            yield Violation(property="asked-again-differs", subject="", message=message, path=path)


PROPERTIES: tuple[Property, ...] = (
    Property(
        name="waits-for-ever",
        sentence="Once all that is declared has come, the workflow waits for nothing that never comes.",
        why="A workflow that waits for what never comes stays open without an error: nobody is told.",
        fix="Bound the wait by a timeout, or mend the condition that it waits for.",
        judge=_nothing_waits_for_ever,
    ),
    Property(
        name="workflow-task-fails",
        sentence="No workflow task fails, whatever happens in whatever order.",
        why="A workflow task that fails is tried again and again: the workflow stands still until its code is mended.",
        fix="Catch what is raised there, or raise an ApplicationError: it fails the workflow instead of blocking it.",
        judge=_no_task_fails,
    ),
    Property(
        name="order-matters",
        sentence="Where the same things happen in another order, and no trouble, the result and the work done are the "
        "same.",
        why="Signals, activities and timers end in another order in each run; what depends on it is a matter of luck.",
        fix="Keep results by what they are of and not by when they came; or declare that the order matters.",
        judge=_order_changes_nothing,
    ),
    Property(
        name="message-lost",
        sentence="A signal or update that comes while the workflow is open counts, however early it comes.",
        why="Whoever sent it was told that it arrived, and does not send it again.",
        fix="Keep what handlers receive from the start of the workflow on, and pass it to the next run.",
        judge=_nothing_sent_is_lost,
    ),
    Property(
        name="trouble-untold",
        sentence="A failure or cancellation ends the workflow in a failure or a declared fallback, and what was done "
        "is undone if some path undoes it.",
        why="Whoever started the workflow takes its result for success, and what was half done stays so.",
        fix="Raise after cleaning up, and clean up in every way out (`except BaseException`, or `finally`).",
        judge=_trouble_is_told,
    ),
    Property(
        name="cancellation-swallowed",
        sentence="A workflow that is asked to cancel does not complete as if nothing had been.",
        why="Whoever cancelled it believes that it stopped, while it has gone on and done its work.",
        fix="Clean up and raise the CancelledError again; or declare the fallback.",
        judge=_cancellation_is_heard,
    ),
    Property(
        name="no-end",
        sentence="Every path ends within the bounds that are set, or continues as new.",
        why="A loop without a cap costs money with each turn, and ends at 51,200 events, where the server "
        "terminates it.",
        fix="Cap the loop, or continue as new in it.",
        judge=_every_path_ends,
    ),
    Property(
        name="asked-again-differs",
        sentence="Asked with the whole history the worker decides what it decided step by step.",
        why="A worker that has lost its cache asks itself again with the whole history: it fails then, or "
        "goes on wrong.",
        fix="Let workflow code depend on its history alone; crashproof replay and audit say where it does not.",
        judge=_asked_again_the_same,
    ),
)
"""All properties, in the order in which they are told."""
