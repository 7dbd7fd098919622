"""Single trials of a sweep: taken from their folders where an earlier run has left them there, else run and kept."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from harness.errors import KilledError, NotAnsweredError, RigError, first_error
from harness.processes.forkserver.children import ChildForks
from harness.records import store as folders
from harness.records.activity_account import recorded
from harness.records.evidence import Evidence, History
from harness.records.options import SweepOptions
from harness.records.plan import Plan
from harness.records.private_files import shorten, withhold
from harness.records.replay_result import Replay
from harness.records.scenario import Scenario
from harness.records.verdict import Verdict
from harness.records.withheld import secret_values, text_without
from harness.report.phrases import plan_text
from harness.sweeps.chances import failed_before
from harness.sweeps.replaying import StandsBy, shared_replay
from harness.sweeps.turns import Turns
from harness.sweeps.writing import Writing
from harness.trial.deadline import Bounds

_NOT_ANSWERED = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)

_BY_CHANCE = 2
"""How often at most a trial is run again in which an activity failed, by chance, where another trial did not."""

_FAILED_BEFORE = "an activity failed before its point came, and no strike was the cause"

RunTrial = Callable[..., Awaitable[Evidence]]
"""Runs one trial: ``harness.trial.trial.run_trial`` for a scenario on a rig, or a script in its place."""


class Trials:
    """Runs the trials of one scenario and keeps their evidence.

    Attributes:
        shortened: Of how many trials the logs were too long to be kept whole.

    Args:
        scenario: The scenario.
        run: Runs one trial.
        folder: Folder of the run.
        turns: Gives each trial its turn, over all scenarios.
        options: How the sweep is run.
        stopped: Tells whether a limit allows no further strike.
        again: Called with a plan that is tried again, and why it is.
        forks: Forks processes that replay, over all scenarios; None: nobody does.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        run: RunTrial,
        folder: Path,
        turns: Turns,
        options: SweepOptions,
        stopped: Callable[[], bool],
        again: Callable[[Plan, RigError], None] = lambda plan, why: None,
        forks: ChildForks | None = None,
    ) -> None:
        self._scenario = scenario
        self._run = run
        self._folder = folder
        self._turns = turns.one_at_a_time(scenario.address.rpartition(":")[2]) if scenario.address else turns
        self._options = options
        self._stopped = stopped
        self._again = again
        self._forks = forks
        self.shortened = 0
        self._secrets = secret_values(os.environ, given=scenario.env)
        self._writing = Writing()
        self._replayer: asyncio.Task[StandsBy] | None = None
        self._begin_replaying: Callable[[], asyncio.Task[StandsBy]] | None = None

    def folder_of(self, trial: str) -> Path:
        """Return the folder of a trial."""
        return self._folder / "trials" / trial

    async def evidence(self, plan: Plan, *, trial: str, bounds: Bounds) -> Evidence | None:
        """Return the evidence of a trial; None where a limit was reached before its turn came.

        A trial that was judged is complete: ``verdict.json`` is the last file that is written of it. What an
        interruption left of one that was under way is written over.
        """
        evidence = await self.tried(plan, trial=trial, bounds=bounds)
        return evidence and await self.kept(evidence)

    async def tried(self, plan: Plan, *, trial: str, bounds: Bounds) -> Evidence | None:
        """Return what ``evidence`` does, before the histories of a new trial are replayed and it is kept."""
        if self._is_complete(trial):
            return folders.load_evidence(self.folder_of(trial))
        async with self._turns.one(self._named(plan), trial=trial):
            if plan.strikes and self._stopped():
                return None
            return await self._tried(plan, trial=trial, bounds=bounds)

    async def kept(self, evidence: Evidence) -> Evidence:
        """Replay the histories of a trial, which needs no turn, and have its evidence written, if that was not done."""
        return evidence if self._is_complete(evidence.trial) else await self._kept(evidence)

    def _is_complete(self, trial: str) -> bool:
        return folders.is_judged(self.folder_of(trial))

    def _named(self, plan: Plan) -> str:
        return f"{self._scenario.name}: {plan_text(plan)}"

    def place_left(self) -> AbstractAsyncContextManager[None]:
        """Let other sweeps begin while this one waits for quiet, if it has all the time for that."""
        return nullcontext() if self._options.time_limit else self._turns.places.left()

    async def again_in_quiet(self, plan: Plan, *, trial: str, bounds: Bounds) -> Evidence | None:
        """Run a trial once more in quiet; the evidence that there is of it is put aside.

        None where a limit was reached before its turn came.

        Raises:
            UsageError, RigError: As ``run``.
        """
        async with self._turns.in_quiet(self._named(plan), trial=trial, leads=not plan.strikes):
            if self._stopped():
                return None
            await self._writing.written()
            await asyncio.to_thread(folders.set_aside, self.folder_of(trial))
            return await self.run(plan, trial=trial, bounds=bounds)

    async def run(self, plan: Plan, *, trial: str, bounds: Bounds) -> Evidence:
        """Run a trial, replay its histories, and keep its evidence.

        Raises:
            UsageError: The scenario does not fit the worker.
            KilledError: A process of the trial was killed, and so was one when it was tried once more.
            NotAnsweredError: The server did not answer in time, and neither when it was tried once more.
            RigError: The worker or the server does not start or answer.
        """
        return await self._kept(await self._tried(plan, trial=trial, bounds=bounds))

    async def written(self) -> None:
        """Wait until all evidence so far is written.

        Raises:
            RigError: Some of it could not be.
        """
        await self._writing.written()

    def save_verdict(self, verdict: Verdict) -> None:
        """Have the verdict of a trial written, after its evidence."""
        self._writing.write(functools.partial(folders.save_verdict, self.folder_of(verdict.trial), verdict))

    async def _tried(self, plan: Plan, *, trial: str, bounds: Bounds) -> Evidence:
        folder = self.folder_of(trial)
        cold = self._options.cold or trial == Plan().trial_id(self._scenario.name)
        if self._begin_replaying:
            self._replayer = self._begin_replaying()
        run = functools.partial(self._run, plan=plan, trial=trial, folder=folder, bounds=bounds, cold=cold)

        async def once_more(why: RigError) -> Evidence:
            self._again(plan, why)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            return await _answered(run)

        try:
            try:
                evidence = await _answered(run)
            except (KilledError, NotAnsweredError) as error:  # nothing is known by that: once more, on a whole rig
                evidence = await once_more(error)
            for _ in range(_BY_CHANCE):
                if failed_before(evidence):
                    evidence = await once_more(RigError(_FAILED_BEFORE))
        finally:
            await asyncio.to_thread(self._tidy, folder / "logs")
        return replace(evidence, end_reason=text_without(self._secrets, evidence.end_reason))

    def _tidy(self, logs: Path) -> None:
        withhold(self._secrets, logs)
        self.shortened += shorten(logs)

    async def _kept(self, evidence: Evidence) -> Evidence:
        if any(fault.changes_code for fault in evidence.plan.faults):
            evidence = replace(evidence, replays=tuple(map(_of_two_versions, recorded(evidence))))
        elif self._replayer:
            replayer = await asyncio.shield(self._replayer)
            evidence = replace(evidence, replays=await replayer.replay(recorded(evidence)))
        self._writing.write(functools.partial(folders.save_evidence, self.folder_of(evidence.trial), evidence))
        return evidence

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Keep what writes evidence, and processes that replay histories; at the end all evidence is written.

        Raises:
            RigError: Evidence cannot be written.
        """
        async with self._writing, self._replaying():
            yield

    @asynccontextmanager
    async def _replaying(self) -> AsyncIterator[None]:
        """Keep what replays histories, where it is known how."""
        async with shared_replay(self._scenario, self._options, run=self._folder, forks=self._forks) as begin:
            # It imports the workflow code while the first baseline runs, and not while many wait for their turn.
            self._begin_replaying = begin
            yield


def _of_two_versions(history: History) -> Replay:
    reason = "two versions of the code recorded it"
    return Replay(workflow_id=history.workflow_id, run_id=history.run_id, skipped=reason)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """End tasks that nobody waits for any more."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _answered(run: Callable[[], Awaitable[Evidence]]) -> Evidence:
    """Run a trial; that the server did not answer crashproof's own calls in time says nothing of the agent.

    Raises:
        NotAnsweredError: It did not.
    """
    try:
        return await run()
    except Exception as error:
        first = first_error(error)
        if isinstance(first, grpc.aio.AioRpcError) and first.code() in _NOT_ANSWERED:
            calls = ", ".join(getattr(first, "__notes__", ())) or "a call"
            raise NotAnsweredError(f"the Temporal server did not answer {calls} of crashproof's own") from error
        raise
