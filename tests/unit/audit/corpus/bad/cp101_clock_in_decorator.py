"""A decorator that measures each step of the workflow, and a closure that does the same."""

import functools
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow


def timed(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(step)
    async def wrapper(*args: Any) -> Any:
        started = time.perf_counter()  # finding: CP101
        result = await step(*args)
        return result, time.perf_counter() - started  # finding: CP101

    return wrapper


@activity.defn
async def answer(question: str) -> str:
    return question


@workflow.defn
class MeasuredAgent:
    @workflow.run
    async def run(self, questions: list[str]) -> list[str]:
        def stamp(text: str) -> str:
            return f"{time.time_ns()} {text}"  # finding: CP101

        answers = [stamp(await self._ask(question)) for question in questions]
        return [*answers, *(f"{time.time()}" for _ in questions)]  # finding: CP101

    @timed
    async def _ask(self, question: str) -> str:
        return await workflow.execute_activity(answer, question, start_to_close_timeout=timedelta(minutes=1))
