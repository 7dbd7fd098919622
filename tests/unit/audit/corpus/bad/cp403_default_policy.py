"""An agent that leaves the retries of its model call as they come: for ever."""

from datetime import timedelta

import openai
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError


@activity.defn
async def ask(question: str) -> str:
    try:
        async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
            )
    except openai.BadRequestError as error:
        raise ApplicationError(str(error), type="Refused", non_retryable=True) from error
    return answer.choices[0].message.content or ""


@workflow.defn
class AskWorkflow:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(  # finding: CP403
            ask, question, start_to_close_timeout=timedelta(minutes=1)
        )
