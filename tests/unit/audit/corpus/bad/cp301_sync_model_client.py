"""A model activity that is async by name only: its client is the one that blocks."""

from openai import OpenAI
from temporalio import activity

client = OpenAI(max_retries=0, timeout=30)


@activity.defn
async def sum_up(text: str) -> str:
    answer = client.chat.completions.create(  # finding: CP301
        model="gpt-4o-mini", messages=[{"role": "user", "content": f"Sum up: {text}"}]
    )
    return answer.choices[0].message.content or ""
