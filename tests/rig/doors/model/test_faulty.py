"""The model's faults, each tried against the official clients through the real door."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import anthropic
import openai
import pytest

from harness import faults
from harness.doors.decision import Decision
from harness.doors.http.doors import HttpDoors, HttpMessage
from harness.doors.model.faulty import decision_on
from harness.faults.action import ModelError
from harness.faults.fault import Fault

LIMIT = 120.0
MODEL_FAULTS = [fault for fault in faults.listed() if fault.family == "model"]


class Striking:
    """Makes a fault at the calls it is for, as often as it says."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.left = 0
        self.met: list[tuple[float, str]] = []

    def begin(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times or -1
        self.met.clear()

    async def __call__(self, message: HttpMessage) -> Decision:
        self.met.append((time.time(), message.position))
        if not self.fault or message.position not in self.fault.positions or not self.left:
            return "go"
        self.left -= 1
        return decision_on(self.fault.action, message)


@asynccontextmanager
async def doors(decide: Striking, logs: Path) -> AsyncIterator[HttpDoors]:
    async with HttpDoors(decide=decide, logs=logs, notice=lambda notice: None) as running:
        yield running


def openai_client(running: HttpDoors, *, max_retries: int = 0, timeout: float = LIMIT) -> openai.AsyncOpenAI:
    url = running.model_url("slot", worker=1)
    return openai.AsyncOpenAI(base_url=url, api_key="sk-test", max_retries=max_retries, timeout=timeout)


def anthropic_client(running: HttpDoors, *, max_retries: int = 0, timeout: float = LIMIT) -> anthropic.AsyncAnthropic:
    url = running.anthropic_url("slot", worker=1)
    return anthropic.AsyncAnthropic(base_url=url, api_key="sk-test", max_retries=max_retries, timeout=timeout)


async def ask(running: HttpDoors, dialect: str, *, max_retries: int = 0, timeout: float = LIMIT) -> object:
    if dialect == "messages":
        async with anthropic_client(running, max_retries=max_retries, timeout=timeout) as asking:
            return await asking.messages.create(
                model="m", max_tokens=10, messages=[{"role": "user", "content": "hello"}]
            )
    async with openai_client(running, max_retries=max_retries, timeout=timeout) as client:
        if dialect == "responses":
            return await client.responses.create(model="m", input="hello")
        return await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])


async def test_the_client_reads_the_code_that_tells_a_quota_from_a_rate(tmp_path: Path) -> None:
    decide = Striking()
    codes = []
    async with doors(decide, tmp_path) as running:
        for name in ("model-429-quota", "model-429"):
            decide.begin(faults.named(name))
            with pytest.raises(openai.RateLimitError) as raised:
                await ask(running, "chat")
            codes.append((raised.value.code, raised.value.type))
    assert codes == [("insufficient_quota", "insufficient_quota"), ("rate_limit_exceeded", "requests")]


@pytest.mark.parametrize("dialect", ["chat", "messages"])
@pytest.mark.parametrize("sent_as", ["seconds", "milliseconds", "date"])
async def test_the_official_client_waits_as_long_as_it_is_asked(
    tmp_path: Path, dialect: str, sent_as: Literal["seconds", "milliseconds", "date"]
) -> None:
    # By itself the client waits for half a second at most before its first retry.
    asked = 0.8 if sent_as == "milliseconds" else 1.0
    action = ModelError(429, "rate_limit_exceeded", "no", retry_after=asked, sent_as=sent_as)
    decide = Striking()
    decide.begin(Fault(name="waits", family="model", what="", right="", action=action, positions=("before",)))
    async with doors(decide, tmp_path) as running:
        await ask(running, dialect, max_retries=1)
    assert [position for _, position in decide.met] == ["before", "before", "after"]
    waited = decide.met[1][0] - decide.met[0][0]
    assert waited >= asked - 0.02  # the client's timer may run out a moment early
