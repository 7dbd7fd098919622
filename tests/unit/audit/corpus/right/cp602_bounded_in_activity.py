"""An activity that holds a conversation with a model, but not for ever; and one that reads a stream to its end."""

import openai
from temporalio import activity
from temporalio.exceptions import ApplicationError

MOST_ROUNDS = 8


@activity.defn
async def solve(problem: str) -> str:
    said = [{"role": "user", "content": problem}]
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        while len(said) < MOST_ROUNDS:
            activity.heartbeat(said)
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=said)
            message = answer.choices[0].message
            if not message.tool_calls:
                return message.content or ""
            said.append({"role": "tool", "content": "used"})
    raise ApplicationError("no end in sight", type="TooManyRounds", non_retryable=True)


@activity.defn
async def read(question: str) -> str:
    text = ""
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        stream = await client.responses.create(model="gpt-4o-mini", input=question, stream=True)
        async for event in stream:
            activity.heartbeat()
            text += getattr(event, "delta", "")
    return text
