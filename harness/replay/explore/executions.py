"""How activities end by themselves: each type and input is executed once by the worker's own code, and remembered."""

from __future__ import annotations

import time
from dataclasses import replace

from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.replay.explore.outcomes import retry_policy
from harness.replay.explore.recorded import RecordedOutcomes, outcome_key
from harness.replay.explore.worker import ExploredWorker, Lost
from harness.replay.explore.world import KnownOutcome, Pending, World
from harness.temporal.retry_policy import RetryPolicy

LARGEST_RESULT = 2 * 1024 * 1024
"""Most bytes of a result that a server takes (``limit.blobSize.error``): a larger one fails the activity."""

_MOST_ATTEMPTS = 5


class Executions:
    """Executes activities of explored runs, each type and input once.

    Attributes:
        executed: How many were.

    Args:
        worker: Whose code executes them.
        recorded: How activities have ended that are not executed; None: all are.
    """

    def __init__(self, worker: ExploredWorker, *, recorded: RecordedOutcomes | None = None) -> None:
        self.executed = 0
        self._worker = worker
        self._executes = recorded is None
        self._known: RecordedOutcomes = dict(recorded or {})

    @property
    def has_other_answers(self) -> bool:
        """Whether the script of the model offers others than its own, so that an activity may have several outcomes."""
        return self._executes and self._worker.answers.are_offered

    async def outcomes(self, pending: Pending, world: World) -> tuple[KnownOutcome, ...]:
        """Return how an activity can end: as it does, and as it would with each other answer of the model.

        The other answer is that to the first request of the execution.
        """
        outcomes = [await self._outcome(pending, world)]
        for name in list(self._worker.answers.names) if self.has_other_answers else ():
            self.executed += 1
            with self._worker.answers.giving(name):
                ended = await self._execute(pending, world)
            if (ended.result, ended.failure, ended.why_not) not in [(e.result, e.failure, e.why_not) for e in outcomes]:
                outcomes.append(replace(ended, detail=name, words=f"ends, the model having answered: {name}"))
        return tuple(outcomes)

    async def _outcome(self, pending: Pending, world: World) -> KnownOutcome:
        """Return how an activity ends: with a result, or with a failure once no attempt is left."""
        key = outcome_key(pending.type, pending.attributes.input)
        if key not in self._known and not self._executes:
            return KnownOutcome(why_not=f"how {pending.shown} ends: no history has it with this input")
        if key not in self._known:
            self.executed += 1
            self._known[key] = await self._execute(pending, world)
        return self._known[key]

    async def _execute(self, pending: Pending, world: World) -> KnownOutcome:
        """Make attempts as the retry policy says, without the pauses between them."""
        policy = retry_policy(pending)
        for attempt in range(1, min(policy.attempts or _MOST_ATTEMPTS, _MOST_ATTEMPTS) + 1):
            task = _task(pending, world, attempt=attempt)
            what = f"activity {pending.type}"
            answer = await self._worker.execute(task, queue=pending.attributes.task_queue.name, what=what)
            if isinstance(answer, Lost):
                return KnownOutcome(why_not=f"how {pending.shown} ends: {answer.reason}")
            if isinstance(answer, rpc.RespondActivityTaskCompletedRequest):
                return replace(_completed(answer), attempts=attempt)
            if isinstance(answer, rpc.RespondActivityTaskCanceledRequest):
                return KnownOutcome(why_not=f"how {pending.shown} ends: it says that it was cancelled, and nobody did")
            if _is_final(answer.failure, policy) or attempt == policy.attempts:
                return KnownOutcome(failure=answer.failure, attempts=attempt)
            last = answer.failure.message
        return KnownOutcome(why_not=f"how {pending.shown} ends: each of {attempt} attempts failed: {last}")


def _completed(answer: rpc.RespondActivityTaskCompletedRequest) -> KnownOutcome:
    if answer.result.ByteSize() > LARGEST_RESULT:
        failure = Failure(message="Complete result exceeds size limit.", source="Server")
        failure.application_failure_info.non_retryable = True
        return KnownOutcome(failure=failure)
    return KnownOutcome(result=answer.result if answer.HasField("result") else None)


def _is_final(failure: Failure, policy: RetryPolicy) -> bool:
    info = failure.application_failure_info
    return info.non_retryable or info.type in policy.non_retryable


def _task(pending: Pending, world: World, *, attempt: int) -> rpc.PollActivityTaskQueueResponse:
    attributes = pending.attributes
    task = rpc.PollActivityTaskQueueResponse(
        workflow_namespace="default",
        activity_id=attributes.activity_id,
        activity_type=attributes.activity_type,
        attempt=attempt,
        header=attributes.header,
        retry_policy=attributes.retry_policy,
    )
    if attributes.HasField("input"):
        task.input.CopyFrom(attributes.input)
    task.workflow_type.name = world.workflow_type
    task.workflow_execution.workflow_id = world.workflow_id
    task.workflow_execution.run_id = world.run_id
    for name in ("start_to_close_timeout", "heartbeat_timeout", "schedule_to_close_timeout"):
        if attributes.HasField(name):
            getattr(task, name).CopyFrom(getattr(attributes, name))
    now = time.time_ns()
    for name in ("scheduled_time", "started_time", "current_attempt_scheduled_time"):
        getattr(task, name).FromNanoseconds(now)
    return task
