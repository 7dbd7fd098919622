"""Compares what a worker answered at the replay door with the recorded events of each history."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter, PayloadCodec

from harness.histories.stored_history import StoredHistory
from harness.records.replay_result import Replay
from harness.replay.compare.comparison import ReplayPlace, compare, recorded_commands
from harness.replay.compare.decisions import ConditionReplay, DecisionsFile, decision_digests
from harness.replay.compare.payloads import opened
from harness.replay.door.task_answer import RAN, TaskAnswer
from harness.temporal.command import Command, TaskDecisions, of_answer
from harness.temporal.task_failure import is_nondeterminism


@dataclass(frozen=True, kw_only=True)
class HistoryAnswers:
    """A history that was handed to a worker under one condition, with the answers to its workflow tasks.

    Attributes:
        index: Which of the histories.
        history: The history.
        events: Its events.
        condition: Name of the condition under which it was.
        answers: The worker's answers, in all modes that make the condition.
        skipped: Why it was not handed out.
    """

    index: int
    history: StoredHistory
    condition: str
    events: Sequence[HistoryEvent] = ()
    answers: Sequence[TaskAnswer] = ()
    skipped: str = ""


class AnswerComparer:
    """Compares the answers of workers with recorded histories, and stores the decisions that may be needed again.

    The decisions of the reference condition are always kept; those of another one only if they are not the same.

    Args:
        decisions_file: Where decisions are kept.
        reference: Name of the condition that the others are compared with.
        prefixes: Name of the one that asks each task as the last one of a history.
        converter: Opens and decodes payloads.
    """

    def __init__(
        self,
        decisions_file: DecisionsFile,
        *,
        reference: str,
        prefixes: str,
        converter: DataConverter = DataConverter.default,
    ) -> None:
        self._decisions_file = decisions_file
        self._reference = reference
        self._prefixes = prefixes
        self._converter = converter
        self._digests: dict[int, int] = {}

    async def compare(self, asked: HistoryAnswers) -> ConditionReplay:
        """Return what came of a history: how the answers differ from what it recorded, and the decisions."""
        answers = _one_each(asked.answers)
        if why := asked.skipped or _unasked(answers):
            replay = _replay(asked.history, skipped=why)
            return ConditionReplay(index=asked.index, condition=asked.condition, replay=replay)
        recorded: Mapping[int, Sequence[Command]] = await asyncio.to_thread(recorded_commands, asked.events)
        decided = await asyncio.to_thread(_decided, answers)
        if codec := self._converter.payload_codec:
            recorded = {started: await _opened(commands, codec) for started, commands in recorded.items()}
            decided = [dataclasses.replace(each, commands=await _opened(each.commands, codec)) for each in decided]
        return await asyncio.to_thread(self._compared, asked, answers, recorded, decided)

    def _compared(
        self,
        asked: HistoryAnswers,
        answers: Sequence[TaskAnswer],
        recorded: Mapping[int, Sequence[Command]],
        decided: Sequence[TaskDecisions],
    ) -> ConditionReplay:
        queue = next((each.queue for each in answers if each.queue != asked.history.task_queue), "")
        compared = compare(
            asked.events,
            decided,
            recorded=recorded,
            converter=self._converter.payload_converter,
            place=ReplayPlace(task_queue=queue),
            on_core=all(each.on_core for each in answers),
        )
        replay = dataclasses.replace(
            _replay(asked.history),
            **_ending(answers),
            commands=compared.commands,
            tasks=compared.tasks,
            prefixes=sum(map(_is_prefix, answers)) if asked.condition == self._prefixes else 0,
            differences=compared.differences,
            left_out=compared.left_out,
            unseen=len(compared.unseen),
        )
        decisions = decision_digests([each for each in decided if each.started_event_id not in replay.ran])
        kept = self._decisions_file.keep(decided) if self._is_wanted(asked, decisions) else None
        return ConditionReplay(
            index=asked.index, condition=asked.condition, replay=replay, decisions=decisions, details=kept
        )

    def _is_wanted(self, asked: HistoryAnswers, decisions: Mapping[int, str]) -> bool:
        digest = hash(frozenset(decisions.items()))
        if asked.condition == self._reference:
            self._digests[asked.index] = digest
            return True
        return self._digests.get(asked.index) != digest


def _replay(history: StoredHistory, *, skipped: str = "") -> Replay:
    return Replay(workflow_id=history.workflow_id, run_id=history.run_id, skipped=skipped)


def _one_each(answers: Sequence[TaskAnswer]) -> list[TaskAnswer]:
    """Return one answer for each task, in order: the first that there is."""
    by_task: dict[int, TaskAnswer] = {}
    for each in answers:
        kept = by_task.get(each.started_event_id)
        if kept is None or kept.kind == "unasked":
            by_task[each.started_event_id] = each
    return [by_task[started] for started in sorted(by_task)]


def _unasked(answers: Sequence[TaskAnswer]) -> str:
    """Say why not one task was asked, or nothing."""
    if unknown := next((each.failure for each in answers if each.unknown_type), ""):
        return f"the worker says: {unknown}"
    return answers[0].failure if answers and all(each.kind == "unasked" for each in answers) else ""


def _is_prefix(answer: TaskAnswer) -> bool:
    """Tell whether a task was answered as the last one of a history that ends there."""
    answered = answer.kind == "completed" or (answer.kind == "failed" and not answer.blocked)
    return answered and answer.mode == "cold" and not answer.replayed


def _decided(answers: Sequence[TaskAnswer]) -> list[TaskDecisions]:
    """Return what tasks were answered with: completed, or failed; but not half of it."""
    return [
        TaskDecisions(
            started_event_id=each.started_event_id,
            commands=of_answer(each.commands, messages=each.messages),
            failure=each.failure if each.kind == "failed" else "",
            given=each.given,
            flags=each.flags,
        )
        for each in answers
        if each.kind in ("completed", "failed") and not each.unfinished
    ]


def _ending(answers: Sequence[TaskAnswer]) -> dict[str, Any]:
    """Return what a replay tells of failed tasks, of a lost worker, and of what ran for real."""
    failed = next((each for each in answers if each.kind == "failed"), None)
    lost = next((each for each in answers if each.kind in ("silent", "exited")), None)
    ending: dict[str, Any] = {
        "ran": tuple(each.started_event_id for each in answers if each.note == RAN),
        "lost": f"over the workflow task of event {lost.started_event_id}: {lost.failure}" if lost else "",
    }
    if failed:
        disagrees = failed.cause == "NON_DETERMINISTIC_ERROR" or is_nondeterminism(failed.failure)
        ending |= {"failure": failed.failure, "blocked": failed.blocked, "nondeterminism": disagrees}
    return ending


async def _opened(commands: Sequence[Command], codec: PayloadCodec) -> tuple[Command, ...]:
    """Open payloads; those that the codec cannot open stay closed, and count as unseen."""
    try:
        return await opened(commands, codec=codec)
    except Exception:  # whatever a codec may raise for another key
        return tuple(commands)
