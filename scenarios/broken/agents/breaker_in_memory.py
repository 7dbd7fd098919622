"""Planted: that the usual model is out of service is known to the worker process alone, and so dies with it."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=2)
out_of_service: set[str] = set()


@activity.defn
async def ask_model(question: str) -> str:
    model = "gpt-4.1-mini" if "gpt-4o-mini" in out_of_service else "gpt-4o-mini"
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
            answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    except openai.InternalServerError:
        out_of_service.add(model)
        raise
    return answer.choices[0].message.content or ""


@workflow.defn
class AskWithMemory:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    plumbing.main(workflows=[AskWithMemory], activities=[ask_model])
