"""The research agent as commonly published, with all its own mistakes.

It beats without a heartbeat timeout, starts its activity without the retry policy it defines, can be paused but never
resumed, looks at the pause only before the first step, lets the model's client retry inside the attempt, and saves
notes without a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from openai import AsyncOpenAI

    from scenarios import plumbing

RETRY_POLICY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=60),
    maximum_attempts=5,
    non_retryable_error_types=["InvalidInputError", "RateLimitExceeded"],
)


@dataclass
class PublishedInput:
    query: str
    max_steps: int = 10


@activity.defn
async def run_research_step(query: str, step: int, notes: list[str]) -> str:
    activity.heartbeat(f"step {step}")
    client = AsyncOpenAI()
    found = await client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            {"role": "system", "content": "Research step by step. Say [DONE] when you are done."},
            {"role": "user", "content": query},
            {"role": "assistant", "content": "\n".join(notes)},
        ],
    )
    text = found.choices[0].message.content or ""
    await plumbing.effect("note", {"query": query, "step": step, "text": text})
    activity.heartbeat(f"step {step} done")
    return text


@workflow.defn
class PublishedResearchWorkflow:
    def __init__(self) -> None:
        self._paused = False

    @workflow.run
    async def run(self, request: PublishedInput) -> list[str]:
        await workflow.wait_condition(lambda: not self._paused)
        notes: list[str] = []
        for step in range(request.max_steps):
            note = await workflow.execute_activity(
                run_research_step,
                args=[request.query, step, notes],
                start_to_close_timeout=timedelta(minutes=5),
            )
            notes.append(note)
            if "[DONE]" in note:
                break
        return notes

    @workflow.signal
    async def pause(self) -> None:
        self._paused = True

    @workflow.query
    def is_paused(self) -> bool:
        return self._paused


if __name__ == "__main__":
    plumbing.main(workflows=[PublishedResearchWorkflow], activities=[run_research_step])
