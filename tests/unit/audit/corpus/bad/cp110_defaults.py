"""Defaults that are another each time: of dataclass fields, pydantic fields, parameters and class attributes."""

import os
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from pydantic import BaseModel, Field
from temporalio import activity, workflow

SESSION = uuid.uuid4().hex  # finding: CP110
MODEL = os.environ.get("MODEL", "gpt-4o-mini")  # finding: CP110


@dataclass
class Note:
    text: str
    at: float = field(default_factory=time.time)  # finding: CP110


class ToolCall(BaseModel):
    name: str
    id: str = Field(default_factory=lambda: str(uuid.uuid4()))  # finding: CP110
    made: datetime = Field(default_factory=datetime.utcnow)  # finding: CP110


class Unused(BaseModel):
    id: str = Field(default_factory=lambda: str(uuid.uuid4()))


@activity.defn
async def act(call: ToolCall, model: str) -> str:
    return call.name


def stamped(text: str, at: datetime = datetime.now(timezone.utc)) -> str:  # finding: CP110
    return f"{at} {text}"


@workflow.defn
class ForgetfulAgent:
    started = time.time()  # finding: CP110

    @workflow.run
    async def run(self, name: str) -> str:
        call = ToolCall(name=name)
        answer = await workflow.execute_activity(
            act, args=[call, MODEL], task_queue=f"agents-{SESSION}", start_to_close_timeout=timedelta(minutes=1)
        )
        return f"{Note(stamped(answer))} {self.started}"
