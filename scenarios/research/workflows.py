"""The workflow of the research agent: one step after the other, pausable between steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios.research.activities import ResearchStep, run_research_step

STEP_RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=60),
    maximum_attempts=5,
    non_retryable_error_types=["InvalidInputError", "RateLimitExceeded"],
)


@dataclass(frozen=True)
class ResearchInput:
    """What to research.

    Attributes:
        query: The question.
        max_steps: How many steps to take at most.
    """

    query: str
    max_steps: int = 10


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

    def __init__(self) -> None:
        self._paused = False

    @workflow.run
    async def run(self, request: ResearchInput) -> ResearchResult:
        """Research the query and return the notes."""
        notes: list[str] = []
        for number in range(1, request.max_steps + 1):
            await workflow.wait_condition(lambda: not self._paused)
            step = await workflow.execute_activity(
                run_research_step,
                ResearchStep(query=request.query, number=number, notes=notes),
                start_to_close_timeout=timedelta(minutes=5),
                heartbeat_timeout=timedelta(seconds=30),
                retry_policy=STEP_RETRIES,
            )
            notes.append(step.note)
            if step.done:
                return ResearchResult(request.query, notes, complete=True)
        return ResearchResult(request.query, notes, complete=False)

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
