"""An agent that carries whole files through its history: as a result, and as an argument that grows."""

import base64
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

RETRIES = RetryPolicy(maximum_attempts=3)


@activity.defn
def load(name: str) -> str:
    content = Path(name).read_bytes()
    return base64.b64encode(content).decode()  # finding: CP601


@activity.defn
def decide(said: list[str]) -> str:
    return "done" if len(said) > 1000 else said[-1]


@workflow.defn
class ReadingWorkflow:
    @workflow.run
    async def run(self, name: str) -> list[str]:
        content = await workflow.execute_activity(
            load, name, start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRIES
        )
        said = [content]
        while not workflow.info().is_continue_as_new_suggested():
            said.append(
                await workflow.execute_activity(  # finding: CP601
                    decide, said, start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRIES
                )
            )
        return said
