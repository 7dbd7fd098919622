"""A strategy object, made in the workflow, that draws in a method of its own and in a property."""

import random
import uuid
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def call_model(name: str) -> str:
    return name


@dataclass
class Rotation:
    models: list[str]

    def pick(self) -> str:
        return random.choice(self.models)  # finding: CP102

    @property
    def request_id(self) -> str:
        return uuid.uuid4().hex  # finding: CP102


@workflow.defn
class RotatingAgent:
    @workflow.run
    async def run(self, models: list[str]) -> str:
        rotation = Rotation(models)
        answer = await workflow.execute_activity(
            call_model, rotation.pick(), start_to_close_timeout=timedelta(minutes=1)
        )
        return f"{rotation.request_id}: {answer}"
