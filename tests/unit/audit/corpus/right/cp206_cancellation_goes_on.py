"""Wide excepts that pass a cancellation on, or can never meet one."""

import asyncio
import contextlib
import json
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception


@activity.defn
async def step(query: str) -> str:
    return query


@activity.defn
async def undo(query: str) -> None:
    try:
        json.loads(query)
    except BaseException:
        return


@workflow.defn
class Saga:
    @workflow.run
    async def run(self, query: str) -> str:
        try:
            settings = json.loads(query)
        except Exception:
            settings = {}
        try:
            answer = await self._step(query)
        except Exception as error:
            if is_cancelled_exception(error):
                raise
            answer = ""
        try:
            await self._step(answer)
        except BaseException:
            await asyncio.shield(self._undo(query))
            raise
        try:
            await self._step(answer)
        except asyncio.CancelledError:
            workflow.logger.info("cancelled")
            raise
        except Exception as error:
            raise ApplicationError("no second step", type="NoStep") from error
        try:
            await self._step(answer)
        except ActivityError as error:
            workflow.logger.warning("going on without: %s", error.cause)
        waiting = asyncio.create_task(workflow.sleep(60))
        waiting.cancel()
        try:
            await waiting
        except asyncio.CancelledError:
            pass
        return f"{answer} {settings}"

    async def _step(self, query: str) -> str:
        return await workflow.execute_activity(step, query, start_to_close_timeout=timedelta(minutes=1))

    async def _undo(self, query: str) -> None:
        await workflow.execute_activity(undo, query, start_to_close_timeout=timedelta(minutes=1))


@workflow.defn
class Careful:
    @workflow.run
    async def run(self, query: str) -> str:
        waiting = asyncio.create_task(workflow.sleep(60))
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        with contextlib.suppress(ActivityError, KeyError):
            return await workflow.execute_activity(step, query, start_to_close_timeout=timedelta(minutes=1))
        return ""
