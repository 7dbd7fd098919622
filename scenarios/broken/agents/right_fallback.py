"""Right: where the model is of no use, a plain text is sent instead of its own, and the scenario says so."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=4), backoff_coefficient=1, maximum_attempts=3)


@activity.defn
async def draft(subject: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=20) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": f"Write a mail about {subject}."}]
            )
    except openai.APIStatusError as error:
        passes = error.status_code in (408, 409, 429) and error.code != "insufficient_quota"
        final = error.status_code < 500 and not passes
        raise ApplicationError(str(error), type=type(error).__name__, non_retryable=final) from error
    said = answer.choices[0]
    if said.finish_reason != "stop" or not said.message.content:
        raise ApplicationError(f"the answer ended with {said.finish_reason}", type="IncompleteAnswer")
    return said.message.content


@activity.defn
async def send(text: str) -> None:
    await plumbing.effect("mail", {"text": text}, key=f"{activity.info().workflow_id}/mail")


@workflow.defn
class MailFallingBack:
    @workflow.run
    async def run(self, subject: str) -> str:
        try:
            text = await workflow.execute_activity(
                draft, subject, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
            )
        except ActivityError:
            text = f"There is news about {subject}."
        await workflow.execute_activity(send, text, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES)
        return text


if __name__ == "__main__":
    plumbing.main(workflows=[MailFallingBack], activities=[draft, send])
