"""The workflow of the research agent: one step after the other, pausable between steps.

A step for which the usual model is of no use is asked of another one, and after several in a row it is asked first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutError

with workflow.unsafe.imports_passed_through():
    from scenarios.research.activities import ResearchStep, StepResult, run_fallback_step, run_research_step
    from scenarios.research.breaker import Breaker
    from scenarios.research.errors import OUTAGES
    from scenarios.research.policy import Policy


@dataclass(frozen=True)
class ResearchInput:
    """What to research.

    Attributes:
        query: The question.
        max_steps: How many steps to take at most.
        policy: How often and when models are asked.
    """

    query: str
    max_steps: int = 10
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True)
class ResearchResult:
    """What was found.

    Attributes:
        query: The question.
        notes: One note for each step, in order.
        complete: Whether the model said it was done, rather than running out of steps.
    """

    query: str
    notes: list[str]
    complete: bool


@workflow.defn
class ResearchAgentWorkflow:
    """Takes research steps until the model is done or ``max_steps`` are taken."""

    @workflow.init
    def __init__(self, request: ResearchInput) -> None:
        self._paused = False
        self._policy = request.policy
        self._breaker = Breaker(opens_after=request.policy.opens_after, stays_open_s=request.policy.stays_open_s)

    @workflow.run
    async def run(self, request: ResearchInput) -> ResearchResult:
        """Research the query and return the notes."""
        notes: list[str] = []
        for number in range(1, request.max_steps + 1):
            await workflow.wait_condition(lambda: not self._paused)
            step = await self._take(ResearchStep(query=request.query, number=number, notes=notes))
            notes.append(step.note)
            if step.done:
                return ResearchResult(request.query, notes, complete=True)
        return ResearchResult(request.query, notes, complete=False)

    async def _take(self, step: ResearchStep) -> StepResult:
        """Take a step with the usual model, or with the other one where the usual one is out of service."""
        state = self._breaker.state(workflow.now())
        if state != "open":
            try:
                attempts = 1 if state == "half-open" else self._policy.maximum_attempts
                result = await self._run(run_research_step, step, attempts=attempts)
            except ActivityError as error:
                if not self._policy.fallback_model or not _is_outage(error):
                    raise
                self._breaker.failed(workflow.now())
            else:
                self._breaker.succeeded()
                return result
        attempts = self._policy.fallback_attempts
        return await self._run(run_fallback_step, step, self._policy.fallback_model, attempts=attempts)

    async def _run(self, asks: Callable[..., Awaitable[StepResult]], *args: Any, attempts: int) -> StepResult:
        return await workflow.execute_activity(
            asks,
            args=args,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=self._policy.initial_interval_s),
                backoff_coefficient=self._policy.backoff_coefficient,
                maximum_interval=timedelta(seconds=self._policy.maximum_interval_s),
                maximum_attempts=attempts,
                non_retryable_error_types=["InvalidInputError", "RateLimitExceeded"],
            ),
        )

    @workflow.signal
    def pause(self) -> None:
        """Take no further step until ``resume``; the step under way goes on."""
        self._paused = True

    @workflow.signal
    def resume(self) -> None:
        """Go on with the next step."""
        self._paused = False

    @workflow.query
    def is_paused(self) -> bool:
        """Tell whether the agent is paused."""
        return self._paused


def _is_outage(error: ActivityError) -> bool:
    """Tell whether a step failed for its model, or was lost with a worker, as often as it was tried."""
    cause = error.cause
    lost = isinstance(cause, TimeoutError) or (isinstance(cause, ApplicationError) and cause.type in OUTAGES)
    return lost and error.retry_state is RetryState.MAXIMUM_ATTEMPTS_REACHED
