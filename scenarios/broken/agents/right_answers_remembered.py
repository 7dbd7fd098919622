"""Right: answers are remembered in the worker process, but a new process that has none just asks again."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai
    from openai.types.chat import ChatCompletionMessageParam

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=4), backoff_coefficient=1, maximum_attempts=3)

_ANSWERS: dict[tuple[str, ...], str] = {}


@activity.defn
async def take_step(query: str, notes: list[str]) -> str:
    asked = (query, *notes)
    if asked not in _ANSWERS:
        _ANSWERS[asked] = await ask(query, notes)
    return _ANSWERS[asked]


async def ask(query: str, notes: list[str]) -> str:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": query}]
    messages += [{"role": "assistant", "content": note} for note in notes]
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    except openai.APIStatusError as error:
        passes = error.status_code in (408, 409, 429) and error.code != "insufficient_quota"
        final = error.status_code < 500 and not passes
        raise ApplicationError(str(error), type=type(error).__name__, non_retryable=final) from error
    said = answer.choices[0]
    if said.finish_reason != "stop" or not said.message.content:
        raise ApplicationError(f"the answer ended with {said.finish_reason}", type="IncompleteAnswer")
    return said.message.content


@workflow.defn
class ResearchRemembered:
    @workflow.run
    async def run(self, query: str) -> list[str]:
        notes: list[str] = []
        for _ in range(2):
            notes.append(
                await workflow.execute_activity(
                    take_step, args=[query, notes], start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
                )
            )
        return notes


if __name__ == "__main__":
    plumbing.main(workflows=[ResearchRemembered], activities=[take_step])
