"""An activity that holds a whole conversation with a model, for as long as the model asks for tools."""

import openai
from temporalio import activity


@activity.defn
async def solve(problem: str) -> str:
    said = [{"role": "user", "content": problem}]
    async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
        while True:  # finding: CP602
            activity.heartbeat(said)
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=said)
            message = answer.choices[0].message
            if not message.tool_calls:
                return message.content or ""
            said.append({"role": "tool", "content": "used"})
