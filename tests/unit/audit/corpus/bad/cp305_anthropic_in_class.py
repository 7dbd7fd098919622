"""Activities with a client of their own, which is told to retry five times."""

from anthropic import AsyncAnthropic
from temporalio import activity


class Writer:
    def __init__(self) -> None:
        self._client = AsyncAnthropic(max_retries=5)  # finding: CP305

    @activity.defn
    async def write(self, subject: str) -> str:
        answer = await self._client.messages.create(
            model="claude-sonnet-4-0", max_tokens=500, messages=[{"role": "user", "content": f"Write about {subject}."}]
        )
        return str(answer.content[0])
