"""Defaults that are the same each time, or are never taken in a workflow."""

import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import BaseModel, Field
from temporalio import activity, workflow

STARTED = time.time()


@dataclass
class Note:
    text: str
    tags: list[str] = field(default_factory=list)
    id: str = field(default_factory=lambda: str(workflow.uuid4()))
    at: datetime = field(default_factory=workflow.now)


class Asked(BaseModel):
    text: str
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    made: float = Field(default_factory=time.time)
    more: dict[str, str] = Field(default_factory=dict)


def stamped(text: str, at: float | None = None, pause: timedelta = timedelta(seconds=5)) -> str:
    return f"{at or 0} {text} {pause}"


@activity.defn
async def ask(text: str) -> Asked:
    return Asked(text=f"{text} {STARTED}")


@workflow.defn
class CarefulAgent:
    kinds = ("note", "question")
    limit = len("12345")

    @workflow.run
    async def run(self, text: str) -> str:
        asked = await workflow.execute_activity(ask, text, start_to_close_timeout=timedelta(minutes=1))
        again = Asked(text=text, id="1", made=0.0)
        waiting: deque[str] = deque(self.kinds)
        return f"{asked} {again} {Note(text)} {stamped(text)} {waiting} {self.limit}"
