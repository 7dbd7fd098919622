"""Compares the commands of each workflow task, field by field, with the events that the history recorded for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter, PayloadConverter

from harness.records.evidence import History
from harness.records.replay_result import Difference, LeftOut
from harness.replay.compare import pairing as aligning
from harness.replay.compare import places, tolerance
from harness.replay.compare.normal_form import (
    ENDS,
    TYPES,
    ReplayPlace,
    is_added_by_sdk,
    normalized,
    patch_removed,
    subject,
    without_ended_patches,
)
from harness.replay.compare.payloads import is_sealed, shown_apart
from harness.replay.compare.tolerance import Tolerance
from harness.temporal import marker
from harness.temporal.command import Command, TaskDecisions
from harness.temporal.command_events import events_of, recorded_commands, tasks_without_news
from harness.temporal.fields import is_payload
from harness.temporal.run import WorkflowRun, run_of
from harness.temporal.task_failure import is_blocked

__all__ = ["Comparison", "Difference", "LeftOut", "ReplayPlace", "compare", "recorded_commands"]

WHOLE = "command"
"""Field of a difference that is a command too many, too few, or of another kind."""

OUTCOME = "outcome"
"""Field of a difference that is a workflow task which was completed, and is failed now."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How the decisions of one replay differ from the recorded history, and what could not be compared.

    Attributes:
        differences: In the order of the history.
        commands: How many recorded commands were compared.
        tasks: How many workflow tasks were compared, those without commands included.
        left_out: The workflow tasks that were not, or not to their end.
        unseen: Event id and field of what could not be compared: payloads that an encrypting codec keeps closed, and
            the outcome of updates where a replaying worker did not tell it.
    """

    differences: tuple[Difference, ...] = ()
    commands: int = 0
    tasks: int = 0
    left_out: tuple[LeftOut, ...] = ()
    unseen: tuple[tuple[int, str], ...] = ()


def compare(
    history: History | Sequence[HistoryEvent],
    decided: Sequence[TaskDecisions],
    *,
    recorded: Mapping[int, Sequence[Command]] | None = None,
    converter: PayloadConverter = DataConverter.default.payload_converter,
    place: ReplayPlace = ReplayPlace(),  # noqa: B008 (frozen)
    local_results: bool = True,
    on_core: bool = True,
) -> Comparison:
    """Compare decided commands with recorded ones.

    Args:
        history: The history, or its events as protobuf messages, which spares converting them.
        decided: What the workflow tasks were answered with now.
        recorded: The history's commands as ``recorded_commands`` returns them, if they had to be opened by a codec.
        converter: Decodes payloads to show them; what is compared are their bytes.
        place: Where the replayed workflow believed to run, where that is not where it was recorded.
        local_results: Whether result, failure and attempt of local activities are compared. Not, where they ran
            again: they are no decision of workflow code.
        on_core: Whether the SDK that replayed is built on SDK core, whose rules are known here.
    """
    events = events_of(history)
    comparison = _HistoryComparison(
        events,
        recorded if recorded is not None else recorded_commands(events),
        converter,
        place,
        local_results,
        on_core,
    )
    for each in decided:
        comparison.add(each)
    return comparison.result({each.started_event_id for each in decided})


class _HistoryComparison:
    """Compares the workflow tasks of one history, one after the other, and gathers the differences."""

    def __init__(
        self,
        events: Sequence[HistoryEvent],
        recorded: Mapping[int, Sequence[Command]],
        converter: PayloadConverter,
        place: ReplayPlace,
        local_results: bool,
        on_core: bool,
    ) -> None:
        self._run: WorkflowRun = run_of(events)
        self._without_news = tasks_without_news(events)
        self._recorded = recorded
        self._converter = converter
        self._place = place
        self._local_results = local_results
        self._on_core = on_core
        self._last = max((one.event_id for commands in recorded.values() for one in commands), default=0)
        self._patches = {one.fields.get("patchId") for commands in recorded.values() for one in commands}
        self._differences: list[Difference] = []
        self._left_out: list[LeftOut] = []
        self._unseen: list[tuple[int, str]] = []
        self._commands = 0
        self._tasks = 0

    def add(self, decided: TaskDecisions) -> None:
        """Compare one workflow task."""
        started = decided.started_event_id
        if started not in self._recorded:
            self._left_out.append(
                LeftOut(workflow_task=started, why=self._run.unanswered.get(started, "not in the history"))
            )
        elif self._on_core and decided.flags - self._run.flags.get(started, decided.flags):
            self._left_out.append(LeftOut(workflow_task=started, why="newer rules"))
        elif not decided.failure:
            self._task(decided)
        elif is_blocked(decided.failure):
            self._left_out.append(LeftOut(workflow_task=started, why="blocked"))
        else:
            self._tasks += 1
            self._differences.append(self._failed(decided))

    def result(self, asked: set[int]) -> Comparison:
        """Return what was gathered; ``asked`` are the tasks that somebody replayed.

        Of a task that told nothing and was answered with nothing there is nothing to compare.
        """
        rest = [
            LeftOut(workflow_task=started, why="not asked")
            for started, commands in self._recorded.items()
            if started not in asked and (commands or started not in self._without_news)
        ]
        return Comparison(
            differences=tuple(self._differences),
            commands=self._commands,
            tasks=self._tasks,
            left_out=(*self._left_out, *rest),
            unseen=tuple(self._unseen),
        )

    def _comparable(self, command: Command) -> Command:
        return normalized(command, run=self._run, place=self._place, local_results=self._local_results)

    def _task(self, decided: TaskDecisions) -> None:
        started = decided.started_event_id
        wanted = [one for one in self._recorded[started] if one.event_id not in decided.given]
        wanted = without_ended_patches(wanted, decided.commands)
        # Older servers and SDKs have updates that were completed in the last task stand after the end of the run.
        old = sorted(
            (self._comparable(one) for one in wanted if not is_added_by_sdk(one)), key=lambda one: one.kind in ENDS
        )
        new = _answered(old, [self._comparable(one) for one in decided.commands if not is_added_by_sdk(one)])
        self._tasks += 1
        patched = next((at for at, one in enumerate(new) if self._is_new_patch(one)), None)
        if patched is not None:
            self._left_out.append(LeftOut(workflow_task=started, why="newly patched"))
            old, new = old[:patched], new[:patched]
        self._commands += len(old)
        if [(one.kind, one.fields) for one in old] == [(one.kind, one.fields) for one in new]:
            return
        before = started
        for one, other in aligning.pairs(old, new, key=self._key):
            self._differences += self._pair(one, other, started=started, before=before)
            before = one.event_id if one else before

    def _is_new_patch(self, command: Command) -> bool:
        name = command.fields.get("patchId") if command.fields.get("markerName") == marker.PATCH else None
        return name is not None and name not in self._patches

    def _key(self, command: Command) -> tuple[str, str]:
        return command.kind, subject(command, run=self._run)

    def _pair(self, one: Command | None, other: Command | None, *, started: int, before: int) -> Iterator[Difference]:
        either = one or other
        assert either is not None
        difference = Difference(
            event_id=one.event_id if one else before,
            workflow_task=started,
            kind=either.kind,
            subject=subject(either, run=self._run),
            field=WHOLE,
            old=self._described(one),
            new=self._described(other),
            line=other.line if other else "",
            callers=other.callers if other else (),
            note=patch_removed(one) if one and (other is None or one.kind != other.kind) else "",
            **self._allowance(tolerance.of_command(one, other, followed=before < self._last)),
        )
        if one is None or other is None or one.kind != other.kind:
            yield difference
            return
        replaced = next((name for name in TYPES if one.fields.get(name) != other.fields.get(name)), "")
        if replaced:
            apart = self._apart(one, other, replaced)
            allowance = self._tolerance(one, replaced, started)
            yield dataclasses.replace(
                difference, field=replaced, **{**apart, "note": _others(one, other, replaced)}, **allowance
            )
            return
        unknown = "outcome" in other.fields
        for name in [*one.fields, *(name for name in other.fields if name not in one.fields)]:
            old, new = one.fields.get(name), other.fields.get(name)
            if unknown and name.startswith("outcome"):
                self._unseen += [(one.event_id, name)] if name in one.fields else []
            elif old != new and is_sealed(old):
                self._unseen.append((one.event_id, name))
            elif old != new and not _is_default(name, one, other):
                apart = self._apart(one, other, name)
                shift = places.shift(apart["old"], apart["new"])
                note = "; ".join(filter(None, (apart["note"], shift)))
                allowance = self._tolerance(one, name, started)
                yield dataclasses.replace(difference, field=name, **{**apart, "note": note}, **allowance)

    def _apart(self, one: Command, other: Command, name: str) -> dict[str, Any]:
        return shown_apart(one.fields.get(name), other.fields.get(name), converter=self._converter)

    def _tolerance(self, command: Command, name: str, started: int) -> dict[str, Any]:
        return self._allowance(tolerance.of_field(command, name, flags=self._run.flags.get(started, frozenset())))

    def _allowance(self, allowed: Tolerance) -> dict[str, Any]:
        tolerated, rule = allowed if allowed and self._on_core else (None, "")
        return {"tolerated": tolerated, "rule": rule}

    def _described(self, command: Command | None) -> str | None:
        return " ".join(part for part in self._key(command) if part) if command else None

    def _failed(self, decided: TaskDecisions) -> Difference:
        return Difference(
            event_id=decided.started_event_id,
            workflow_task=decided.started_event_id,
            kind="WorkflowTask",
            subject=self._run.workflow_type,
            field=OUTCOME,
            old="completed",
            new=f"failed: {decided.failure}",
            line=decided.line,
            **self._allowance(tolerance.FAILED),
        )


def _is_default(name: str, one: Command, other: Command) -> bool:
    """Tell whether a field is as the server writes it where the worker left that open.

    A maximum interval is 100 times the initial one, which differs. A search attribute has its type from the cluster,
    unless the worker says it, as all did before there were typed keys.
    """
    if name.startswith("searchAttributes."):
        return bool(_without_type(one.fields.get(name)) == other.fields.get(name))
    maximum, initial = "retryPolicy.maximumInterval", "retryPolicy.initialInterval"
    if name != maximum or one.fields.get(initial) == other.fields.get(initial):
        return False
    return all(each.fields.get(maximum) == 100 * (each.fields.get(initial) or 0) for each in (one, other))


def _without_type(value: Any) -> Any:
    if not is_payload(value):
        return value
    return {**value, "metadata": {key: text for key, text in value["metadata"].items() if key != "type"}}


def _others(one: Command, other: Command, replaced: str) -> str:
    names = {*one.fields, *other.fields} - {replaced}
    more = sum(one.fields.get(name) != other.fields.get(name) for name in names)
    return f"{more} other field{'s' if more > 1 else ''} of it differ{'' if more > 1 else 's'} too" if more else ""


def _answered(old: Sequence[Command], new: Sequence[Command]) -> list[Command]:
    """Return decided commands as the server writes them.

    What ends the run comes last: code that still runs then may issue more, and the SDK puts that before. Rejected
    updates, of which histories know nothing, are left out unless they were accepted when it was recorded.
    """
    accepted = {one.fields["updateId"] for one in old if one.kind == "UpdateAccepted"}
    written = [one for one in new if one.kind != "UpdateRejected" or one.fields["updateId"] in accepted]
    return sorted(written, key=lambda one: one.kind in ENDS)
