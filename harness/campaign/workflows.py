"""The workflows of a campaign: one for the campaign, and a child for each scenario.

Both keep their histories short, whatever the number of trials: an activity makes a whole batch of them, and before a
history becomes long the workflow goes on as new, when what it had asked for has been answered.

A scenario is swept as on one machine (``harness.sweeps.rounds``): its undisturbed trials say which plans there are; all
plans of a round are tried; the points that the recoveries of a round showed, in the order of its plans, are the next
round; until none is new. What one machine cannot do, another one is asked to. A batch that no machine could do is given
up: its points stay untried, which makes the outcome UNKNOWN, with the reason. What machines with other code refuse is
asked for again, for the others may be at work: see ``_Patience``.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    TimeoutError,
    TimeoutType,
    is_cancelled_exception,
)
from temporalio.workflow import ActivityCancellationType, ChildWorkflowCancellationType

from harness.campaign.batches import lanes_of_round, next_size, plans_a_lane, replay_batches
from harness.campaign.orders import (
    OTHER_CODE,
    BaselinesDone,
    Batch,
    BatchDone,
    CampaignDone,
    CampaignOrder,
    CampaignOver,
    ExplorationPart,
    Policy,
    Prepared,
    Progress,
    ReplayBatch,
    RoundOver,
    ScenarioOrder,
    Work,
)
from harness.errors import root_cause

T = TypeVar("T")

LONG = 1_500
"""Events after which a workflow goes on as new. What is under way then adds a few more; 2,000 are never reached."""

WARM = timedelta(seconds=10)
"""How long a batch waits for the machine whose server and workers are warm before any other one may have it."""

STANDSTILL = timedelta(minutes=10)
"""How long nothing may have been done for a workflow before it gives up what machines refuse for their code."""

_TOLD = 300  # characters of why something was given up
_MOST_TOLD = 20  # things given up in a round that are told one by one


@workflow.defn
class CrashproofCampaign:
    """Sweeps scenarios on all machines that work for it; see ``harness.app.campaign``."""

    def __init__(self) -> None:
        self._scenarios: tuple[str, ...] = ()
        self._under_way: dict[str, None] = {}
        self._given_up: dict[str, str] = {}
        self._patience = _Patience()

    @workflow.run
    async def run(self, order: CampaignOrder) -> CampaignDone:
        """Sweep each scenario by a child workflow, and put together what they came to."""
        replays: list[asyncio.Task[None]] = []
        if not order.scenarios:
            prepared = await self._patience.asked("prepare", order, result=Prepared, policy=order.policies["prepare"])
            order = replace(order, scenarios=prepared.scenarios, code=prepared.code)
            replays = [asyncio.create_task(each) for each in self._replays(order, prepared.histories)]
        self._scenarios, self._given_up = order.scenarios, dict(order.given_up)
        waiting = list(order.scenarios[order.done :])
        under_way: list[asyncio.Task[None]] = []
        try:
            while (waiting and not _is_long()) or under_way:
                while waiting and len(under_way) < order.at_a_time and not _is_long():
                    under_way.append(asyncio.create_task(self._sweep(order, waiting.pop(0))))
                swept, _ = await workflow.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for each in swept:
                    under_way.remove(each)
                    each.result()
        except asyncio.CancelledError:
            await _ended([*under_way, *replays])
            raise
        await _all_of(replays)
        if waiting:
            done = len(order.scenarios) - len(waiting)
            workflow.continue_as_new(replace(order, done=done, given_up=self._given_up))
        over = CampaignOver(campaign=workflow.info().workflow_id, store=order.store, given_up=self._given_up)
        return await self._patience.asked("merge", over, result=CampaignDone, policy=order.policies["merge"])

    @workflow.query
    def scenarios(self) -> tuple[str, ...]:
        """Return the names of the scenarios; none until they have been read."""
        return self._scenarios

    @workflow.query
    def under_way(self) -> tuple[str, ...]:
        """Return the names of the scenarios that are under way."""
        return tuple(self._under_way)

    def _replays(self, order: CampaignOrder, histories: int) -> list[Coroutine[Any, Any, None]]:
        """Return what has so many histories replayed, beside the scenarios and in the first run of the workflow."""
        campaign, batches = workflow.info().workflow_id, replay_batches(histories)
        return [
            self._replay(
                ReplayBatch(campaign=campaign, store=order.store, code=order.code, number=number, of=batches),
                policy=order.policies["batch"],
            )
            for number in range(batches)
        ]

    async def _replay(self, batch: ReplayBatch, *, policy: Policy) -> None:
        """Have a batch of histories replayed; one that no machine can replay is missing in the end, which is told."""
        try:
            await self._patience.asked("replay", batch, result=type(None), policy=policy)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise

    async def _sweep(self, order: CampaignOrder, scenario: str) -> None:
        campaign = workflow.info().workflow_id
        self._under_way[scenario] = None
        child = ScenarioOrder(
            campaign=campaign,
            store=order.store,
            scenario=scenario,
            code=order.code,
            policies=order.policies,
            batch=order.batch,
            lanes=order.lanes,
            plans_a_lane=plans_a_lane(scenarios=len(order.scenarios), at_a_time=order.at_a_time),
            shards=order.shards,
        )
        try:
            await workflow.execute_child_workflow(
                CrashproofScenario.run,
                child,
                id=f"{campaign}/{scenario}",
                cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        except ChildWorkflowError as error:
            if is_cancelled_exception(error):
                raise
            self._given_up[scenario] = root_cause(error)[:_TOLD]
        finally:
            del self._under_way[scenario]


@workflow.defn
class CrashproofScenario:
    """Sweeps one scenario of a campaign."""

    @workflow.init
    def __init__(self, order: ScenarioOrder) -> None:
        self._order = order
        self._patience = _Patience()

    @workflow.run
    async def run(self, order: ScenarioOrder) -> None:
        """Make the undisturbed trials, then all batches of each round, until one shows nothing new; then explore."""
        if order.round < 0:
            seen = await self._patience.asked(
                "make_baselines", self._work, result=BaselinesDone, policy=order.policies["baselines"], priority=1
            )
            self._order = replace(order, round=0, plans=seen.plans, warm=seen.machine)
        while self._order.plans:
            machines = [self._order.warm, *([""] * (self._lanes - 1))]
            await _all_of([asyncio.create_task(self._lane(machine)) for machine in machines])
            if self._order.left:
                workflow.continue_as_new(self._order)
            await self._go_on()
        await _all_of([asyncio.create_task(self._explore(number)) for number in range(order.shards)])

    @workflow.query
    def progress(self) -> Progress:
        """Return how far it is."""
        order = self._order
        return Progress(
            scenario=order.scenario,
            round=order.round,
            plans=order.plans,
            tried=order.tried,
            failed=order.failed,
            given_up=len(order.given_up),
            refused=self._patience.refused,
        )

    @property
    def _work(self) -> Work:
        order = self._order
        return Work(campaign=order.campaign, store=order.store, scenario=order.scenario, code=order.code)

    async def _go_on(self) -> None:
        """Go on to the next round."""
        order = self._order
        over = RoundOver(**vars(self._work), round=order.round, batches=order.batches, given_up=order.given_up)
        plans = await self._patience.asked("end_round", over, result=int, policy=order.policies["round"])
        self._order = replace(self._order, round=order.round + 1, plans=plans, asked=0, batches=0, given_up=())

    @property
    def _lanes(self) -> int:
        order = self._order
        return lanes_of_round(order.plans, most=order.lanes, each=order.plans_a_lane)

    async def _explore(self, number: int) -> None:
        """Have one part of the exploration done."""
        part = ExplorationPart(**vars(self._work), number=number, of=self._order.shards)
        policy = self._order.policies["exploration"]
        await self._patience.asked("explore", part, result=type(None), policy=policy)

    async def _lane(self, machine: str) -> None:
        """Have one batch after the other made, on one machine as long as it is there.

        Args:
            machine: Task queue of the one that has worked for this scenario; empty: any.
        """
        while self._order.left and not _is_long():
            machine = await self._make(self._next_batch(), machine)

    def _next_batch(self) -> Batch:
        order = self._order
        size = next_size(order.left, most=order.batch, lanes=self._lanes)
        self._order = replace(order, asked=order.asked + size, batches=order.batches + 1)
        return Batch(**vars(self._work), round=order.round, number=order.batches, first=order.asked, size=size)

    async def _make(self, batch: Batch, machine: str) -> str:
        """Have a batch made, and return the machine that is warm now."""
        try:
            done = await self._made_warm(batch, machine) or await self._made(batch)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            why = f"batch {batch.number} of round {batch.round}: {_why_given_up(error)}"
            self._order = replace(self._order, given_up=(*self._order.given_up, why)[:_MOST_TOLD])
            return ""
        tried, failed = self._order.tried + done.tried, self._order.failed + done.failed
        self._order = replace(self._order, tried=tried, failed=failed, warm=done.machine)
        return done.machine

    async def _made_warm(self, batch: Batch, machine: str) -> BatchDone | None:
        """Have a batch made by the machine that is warm; None where it does not come for it."""
        if not machine:
            return None
        try:
            return await self._made(batch, task_queue=machine)
        except ActivityError as error:
            late = isinstance(error.cause, TimeoutError) and error.cause.type == TimeoutType.SCHEDULE_TO_START
            if not late:
                raise
            return None

    async def _made(self, batch: Batch, *, task_queue: str | None = None) -> BatchDone:
        return await self._patience.asked(
            "try_batch",
            batch,
            result=BatchDone,
            policy=self._order.policies["batch"],
            priority=2 if batch.round == batch.number == 0 else 3,  # it has one of each fault family
            task_queue=task_queue,
        )


class _Patience:
    """Has activities done, and those again that machines refuse for their code.

    A machine that has other code is idle, and so takes one attempt after the other, while those that have the right one
    are at work. What it refuses is asked for again as often as something is done meanwhile, and given up once nothing
    was done for ``STANDSTILL``: then machines with the right code are not there any more.

    Attributes:
        refused: What the last machine said that refused; empty once something was done.
    """

    def __init__(self) -> None:
        self.refused = ""
        self._done_at: datetime = workflow.now()

    async def asked(
        self,
        activity: str,
        order: object,
        *,
        result: type[T],
        policy: Policy,
        priority: int = 3,
        task_queue: str | None = None,
    ) -> T:
        """Have an activity done, by a machine of that task queue, which then must come for it soon, or else by any one.

        Raises:
            ActivityError: No machine could do it.
        """
        asking = functools.partial(
            self._done, activity, order, result=result, policy=policy, priority=priority, task_queue=task_queue
        )
        while workflow.now() - self._done_at <= STANDSTILL and not _is_long():
            try:
                return await asking()
            except ActivityError as error:
                if not _is_refused_for_code(error):
                    raise
                _heed_cancellation()
                self.refused = root_cause(error)[:_TOLD]
            await workflow.sleep(policy.maximum)
        return await asking()

    async def _done(
        self, activity: str, order: object, *, result: type[T], policy: Policy, priority: int, task_queue: str | None
    ) -> T:
        answer: T = await workflow.execute_activity(
            activity,
            order,
            result_type=result,
            task_queue=task_queue,
            schedule_to_start_timeout=WARM if task_queue else None,
            start_to_close_timeout=timedelta(seconds=policy.start_to_close),
            heartbeat_timeout=timedelta(seconds=policy.heartbeat),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=policy.initial),
                backoff_coefficient=policy.coefficient,
                maximum_interval=timedelta(seconds=policy.maximum),
                maximum_attempts=policy.attempts,
            ),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=Priority(priority_key=priority),
        )
        _heed_cancellation()
        self.refused, self._done_at = "", workflow.now()
        return answer


def _heed_cancellation() -> None:
    """End this task if it was cancelled while it waited: an activity that is done all the same hides that from it."""
    this = asyncio.current_task()
    if this and this.cancelling():
        raise asyncio.CancelledError


def _is_refused_for_code(error: ActivityError) -> bool:
    return isinstance(error.cause, ApplicationError) and error.cause.type == OTHER_CODE


def _why_given_up(error: ActivityError) -> str:
    """Say why a batch is given up, with the end of the log of a machine that was not heard of any more."""
    cause = root_cause(error)
    log = error.cause.last_heartbeat_details if isinstance(error.cause, TimeoutError) else ()
    lines = "".join(f"; {line}" for line in (log[0] if log else ()))
    return f"{cause[:_TOLD]}{lines[:_TOLD]}"


async def _all_of(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all; where that is cancelled, until all have ended."""
    if not tasks:
        return
    try:
        await workflow.wait(tasks)
    except asyncio.CancelledError:
        await _ended(tasks)
        raise
    for task in tasks:
        task.result()


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel what is under way, and wait until the machines have ended what they were doing."""
    for task in tasks:
        task.cancel()
    if tasks:
        await workflow.wait(tasks)


def _is_long() -> bool:
    return workflow.info().get_current_history_length() > LONG
