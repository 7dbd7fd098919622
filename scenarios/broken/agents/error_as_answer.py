"""Planted: an error of the model is caught, and its text goes on as if the model had said it."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import openai

    from scenarios import plumbing

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)


@activity.defn
async def draft(subject: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=5) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": f"Write a mail about {subject}."}]
            )
    except openai.APIError as error:
        return str(error)
    return answer.choices[0].message.content or ""


@activity.defn
async def send(text: str) -> None:
    await plumbing.effect("mail", {"text": text}, key=f"{activity.info().workflow_id}/mail")


@workflow.defn
class MailErrorText:
    @workflow.run
    async def run(self, subject: str) -> str:
        text = await workflow.execute_activity(
            draft, subject, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )
        await workflow.execute_activity(send, text, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES)
        return text


if __name__ == "__main__":
    plumbing.main(workflows=[MailErrorText], activities=[draft, send])
