"""The approval agent as commonly published, with all its own mistakes.

It lets the client of the model retry inside the attempt, saves checkpoints without a key, counts an approval only when
it waits for it already, and raises a plain error when nobody approves. ``scenarios/approval`` is the repaired one.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from openai import AsyncOpenAI

    from scenarios import plumbing

RETRY_POLICY = RetryPolicy(
    initial_interval=timedelta(seconds=2), maximum_attempts=5, non_retryable_error_types=["InvalidRequestError"]
)


@activity.defn
async def search_web(query: str) -> str:
    found = await plumbing.effect("search", {"query": query})
    return str(found)


@activity.defn
async def call_llm(prompt: str) -> str:
    client = AsyncOpenAI()
    found = await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}])
    return found.choices[0].message.content or ""


@activity.defn
async def persist_checkpoint(step: str, state: str) -> None:
    await plumbing.effect("checkpoint", {"step": step, "state": state})


@workflow.defn
class ApprovalAsPublished:
    @workflow.run
    async def run(self, user_goal: str) -> str:
        await workflow.execute_activity(
            search_web, user_goal, start_to_close_timeout=timedelta(minutes=1), retry_policy=RETRY_POLICY
        )
        plan = await workflow.execute_activity(
            call_llm, f"Plan: {user_goal}", start_to_close_timeout=timedelta(minutes=2), retry_policy=RETRY_POLICY
        )
        await self._persist("planned", plan)
        self._approved = False
        try:
            await workflow.wait_condition(lambda: self._approved, timeout=timedelta(days=3))
        except TimeoutError as error:
            raise RuntimeError("no approval") from error
        result = await workflow.execute_activity(
            call_llm, f"Carry out: {plan}", start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRY_POLICY
        )
        await self._persist("done", result)
        return result

    @workflow.signal
    def human_approve(self, notes: str) -> None:
        self._approved = True

    async def _persist(self, step: str, state: str) -> None:
        await workflow.execute_activity(
            persist_checkpoint,
            args=[step, state],
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RETRY_POLICY,
        )


if __name__ == "__main__":
    plumbing.main(workflows=[ApprovalAsPublished], activities=[search_web, call_llm, persist_checkpoint])
