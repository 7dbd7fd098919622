"""The first of several answers wins, in the order of a set of tasks."""

import asyncio
from asyncio import as_completed
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def ask(model: str) -> str:
    return model


@workflow.defn
class RacingAgent:
    @workflow.run
    async def run(self, models: list[str]) -> list[str]:
        racing = [
            asyncio.create_task(
                workflow.execute_activity(ask, model, start_to_close_timeout=timedelta(minutes=1))  # type: ignore
            )
            for model in models
        ]
        done, _ = await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)  # finding: CP108
        answers = [done.pop().result()]  # finding: CP106
        for each in as_completed(racing):  # finding: CP108
            answers.append(await each)
        return answers
