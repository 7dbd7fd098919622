"""An agent that mails its customers the errors of its model."""

import anthropic
from temporalio import activity

client = anthropic.AsyncAnthropic(max_retries=0, timeout=60)


@activity.defn
async def write_mail(subject: str) -> str:
    try:
        answer = await client.messages.create(
            model="claude-sonnet-4-0", max_tokens=500, messages=[{"role": "user", "content": f"A mail on {subject}."}]
        )
    except anthropic.APIError as error:
        return f"The model failed: {error}"  # finding: CP311
    return str(answer.content[0])
