"""The workflow of the approval agent: search, plan, wait for an approval, carry the plan out."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from scenarios.approval.activities import call_llm, persist_checkpoint, search_web

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    maximum_attempts=5,
    non_retryable_error_types=["InvalidRequestError"],
)
APPROVAL_LIMIT = timedelta(days=3)


@workflow.defn
class DurableAIAgentWorkflow:
    """Plans what is to be done for a goal, and does it once somebody has approved of it.

    An approval counts from the moment at which the server took the signal: one that comes before the plan is made, and
    one that comes in the very workflow task in which the three days are over, approves. The first one counts, with its
    notes; a second one changes nothing. One that comes after the end is refused by the server.

    Where nobody approves within three days the checkpoint ``expired`` is saved and the workflow fails with
    ``ApprovalExpired``: nothing is carried out. Where it is cancelled, at whatever moment, the checkpoint ``cancelled``
    is saved and the workflow ends as cancelled.
    """

    def __init__(self) -> None:
        self._approval: str | None = None

    @workflow.run
    async def run(self, user_goal: str) -> str:
        """Return what carrying the plan out came to.

        Raises:
            ApplicationError: Nobody approved (``ApprovalExpired``).
        """
        try:
            return await self._work(user_goal)
        except (asyncio.CancelledError, ActivityError) as error:
            if is_cancelled_exception(error):
                await _persist("cancelled", user_goal)
            raise

    @workflow.signal
    def human_approve(self, notes: str = "") -> None:
        """Approve of the plan, whether it is there yet or not."""
        if self._approval is None:
            self._approval = notes

    @workflow.query
    def is_approved(self) -> bool:
        """Tell whether somebody has approved."""
        return self._approval is not None

    async def _work(self, user_goal: str) -> str:
        found = await workflow.execute_activity(
            search_web, user_goal, start_to_close_timeout=timedelta(minutes=1), retry_policy=RETRIES
        )
        plan = await _ask(f"Plan how to: {user_goal}\nWhat is known: {found}", limit=timedelta(minutes=2))
        await _persist("planned", plan)
        notes = await self._approved()
        if notes is None:
            await _persist("expired", plan)
            days = APPROVAL_LIMIT.days
            raise ApplicationError(f"nobody approved of the plan within {days} days", type="ApprovalExpired")
        result = await _ask(f"Carry out: {plan}\nNotes of who approved: {notes}", limit=timedelta(minutes=5))
        await _persist("done", result)
        return result

    async def _approved(self) -> str | None:
        """Wait for the approval; return its notes, or None where nobody approved in time."""
        with contextlib.suppress(TimeoutError):  # an approval that came in the same workflow task counts
            await workflow.wait_condition(lambda: self._approval is not None, timeout=APPROVAL_LIMIT)
        return self._approval


async def _ask(prompt: str, *, limit: timedelta) -> str:
    return await workflow.execute_activity(call_llm, prompt, start_to_close_timeout=limit, retry_policy=RETRIES)


async def _persist(step: str, state: str) -> None:
    await workflow.execute_activity(
        persist_checkpoint,
        args=[step, state],
        start_to_close_timeout=timedelta(minutes=1),
        retry_policy=RETRIES,
    )
