"""Activities that are given their client by the worker program, as it comes."""

import asyncio
import signal
from datetime import timedelta

from openai import AsyncOpenAI
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker


class Tools:
    def __init__(self, model: AsyncOpenAI) -> None:
        self._model = model

    @activity.defn
    async def answer(self, question: str) -> str:
        completion = await self._model.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
        )
        return completion.choices[0].message.content or ""


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    model = AsyncOpenAI(timeout=30)  # finding: CP305
    tools = Tools(model)
    worker = Worker(
        await Client.connect("localhost:7233"),
        task_queue="answers",
        activities=[tools.answer],
        graceful_shutdown_timeout=timedelta(seconds=30),
    )
    async with worker:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
