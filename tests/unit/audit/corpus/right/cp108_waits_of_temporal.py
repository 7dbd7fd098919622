"""The first of several answers wins, in an order that replays; local activities one after the other."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def ask(model: str) -> str:
    return model


class Queue:
    """Has a method that is called as one of asyncio is."""

    async def wait(self, tasks: list[str]) -> list[str]:
        return tasks


@workflow.defn
class FairRace:
    @workflow.run
    async def run(self, models: list[str]) -> list[str]:
        racing = [asyncio.create_task(self._ask(model)) for model in models]
        done, left = await workflow.wait(racing, return_when=asyncio.FIRST_COMPLETED)
        answers = [done[0].result()]
        for each in workflow.as_completed(left):
            answers.append(await each)
        answers += await Queue().wait(models)
        answers += await asyncio.gather(*(self._ask(model) for model in models), return_exceptions=False)
        for model in models:
            answers.append(
                await workflow.execute_local_activity(ask, model, start_to_close_timeout=timedelta(seconds=5))
            )
        return answers

    async def _ask(self, model: str) -> str:
        return await workflow.execute_activity(ask, model, start_to_close_timeout=timedelta(minutes=1))
