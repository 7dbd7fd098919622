"""Replays each history of a sweep that is like another once, as its trials end, and judges it over all conditions."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from temporalio.api.history.v1 import History as Events

from harness.errors import RigError, UsageError
from harness.histories.files import HistoryFile
from harness.histories.stored_history import StoredHistory
from harness.records.evidence import History
from harness.records.replay_result import Replay, ReplayedHistory, ReplayFinding
from harness.replay.compare.accepted_differences import AcceptedDifference, without_accepted
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.compare.judging import PREFIX, TOLD_BY_DIFFERENCES, Judge
from harness.replay.conditions import Condition
from harness.replay.likeness import likeness
from harness.temporal.proto_json import events_of_json

Ask = Callable[[StoredHistory], AsyncGenerator[ConditionReplay, None]]
"""Replays one history under every condition, and yields what comes of each; its index is 0."""


class LikeHistories:
    """Replays histories, of those that are alike one.

    Args:
        ask: Replays one history.
        conditions: The conditions; the first one is what the others are compared with.
        folder: Existing folder for the histories that are under way.
        accepted: Differences that count as none.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        conditions: Sequence[Condition],
        folder: Path,
        accepted: Sequence[AcceptedDifference] = (),
    ) -> None:
        self._ask = ask
        self._accepted = accepted
        self._conditions = conditions
        self._folder = folder
        self._judged: dict[str, asyncio.Task[tuple[Replay, ...]]] = {}
        self._numbers = count(1)

    async def end(self) -> None:
        """End the replays that are under way."""
        for task in self._judged.values():
            task.cancel()
        await asyncio.gather(*self._judged.values(), return_exceptions=True)

    async def replay(self, histories: Sequence[History]) -> tuple[Replay, ...]:
        """Return what came of the replay of each history and, as its next, of its prefixes.

        A history that is like one that was replayed before, by ``likeness``, is not replayed again.
        """
        replays = await asyncio.gather(*map(self._replayed, histories))
        return tuple(each for of_one in replays for each in of_one)

    async def _replayed(self, history: History) -> list[Replay]:
        key = likeness(history)
        if key not in self._judged:
            self._judged[key] = asyncio.create_task(self._replay(history))
        replays = await asyncio.shield(self._judged[key])
        if any(each.lost or each.blocked for each in replays):  # by load perhaps: the next one is another try
            self._judged.pop(key, None)
        return [replace(each, workflow_id=history.workflow_id, run_id=history.run_id) for each in replays]

    async def _replay(self, history: History) -> tuple[Replay, ...]:
        try:
            stored = await asyncio.to_thread(self._stored, history)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            return (Replay(workflow_id=history.workflow_id, run_id=history.run_id, failure=failure),)
        judge = Judge(reference=self._conditions[0].name, groups={each.name: each.group for each in self._conditions})
        replays: dict[str, Replay] = {}
        try:
            async with contextlib.aclosing(self._ask(stored)) as answers:
                async for answer in answers:
                    judge.add(answer)
                    replays[answer.condition] = answer.replay
        except (RigError, UsageError) as error:  # a process of some condition does not start: nothing is known then
            lost = str(error)
            return (Replay(workflow_id=history.workflow_id, run_id=history.run_id, failure=lost, lost=lost),)
        finally:
            assert stored.binary is not None
            stored.binary.unlink(missing_ok=True)
        judged = judge.judged(0, ReplayedHistory(file=history.path, workflow=stored.workflow))
        reference = replace(replays[self._conditions[0].name], findings=_beside_differences(judged.findings))
        whole, prefixes = self._not_accepted(reference, stored.workflow), replays.get(PREFIX)
        if prefixes is None:
            return (replace(whole, prefixes=judged.prefixes),)
        if whole.skipped or whole.lost:
            return (whole,)
        return whole, self._not_accepted(prefixes, stored.workflow)

    def _not_accepted(self, replay: Replay, workflow: str) -> Replay:
        today = datetime.datetime.now(datetime.UTC).date()
        return without_accepted(replay, workflow, self._accepted, today=today)

    def _stored(self, history: History) -> StoredHistory:
        events = Events(events=events_of_json(history.events))
        file = self._folder / f"history-{next(self._numbers)}.pb"
        file.write_bytes(events.SerializeToString())
        started = events.events[0].workflow_execution_started_event_attributes
        return StoredHistory(
            file=HistoryFile(path=file, shown=history.path),
            binary=file,
            workflow_id=history.workflow_id,
            run_id=history.run_id,
            workflow=started.workflow_type.name,
            events=len(events.events),
            tasks=sum(each.HasField("workflow_task_started_event_attributes") for each in events.events),
        )


def _beside_differences(findings: Sequence[ReplayFinding]) -> tuple[ReplayFinding, ...]:
    """Return the findings that the differences and the failures of the replays do not tell themselves."""
    return tuple(each for each in findings if each.check not in TOLD_BY_DIFFERENCES and each.conditions != (PREFIX,))
