"""An agent that keeps what is large outside of its history, and bounds what grows in it."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

RETRIES = RetryPolicy(maximum_attempts=3)


@activity.defn
def store(name: str) -> str:
    content = Path(name).read_bytes()
    place = Path("store") / hashlib.sha256(content).hexdigest()
    place.write_bytes(content)
    return str(place)


@activity.defn
def token(name: str) -> str:
    return base64.b64encode(name.encode()).decode()


@activity.defn
def decide(said: list[str]) -> str:
    return said[-1]


@workflow.defn
class ReadingWorkflow:
    @workflow.run
    async def run(self, name: str, steps: int) -> list[str]:
        said = [
            await workflow.execute_activity(
                store, name, start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRIES
            )
        ]
        for _ in range(steps):
            answer = await workflow.execute_activity(
                decide, said, start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRIES
            )
            said.append(answer)
        while said[-1] != "done" and len(said) < 40:
            said.append(
                await workflow.execute_activity(
                    decide, said[-5:], start_to_close_timeout=timedelta(seconds=30), retry_policy=RETRIES
                )
            )
        return said
