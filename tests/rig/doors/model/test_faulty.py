"""The model's faults, each tried against the official clients through the real door."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import anthropic
import openai
import pytest

from harness import faults
from harness.doors.decision import Decision
from harness.doors.http.answer import Answer, parsed
from harness.doors.http.doors import HttpDoors, HttpMessage
from harness.doors.model.faulty import answer_to, truncated
from harness.faults.action import ModelError, Reset, Silence, Truncate
from harness.faults.fault import Fault

NOW = 1_767_225_600.25
LIMIT = 20.0
GIVES_UP_AFTER = 0.5  # seconds for which a client waits for a silent model
MODEL_FAULTS = [fault for fault in faults.listed() if fault.family == "model"]

Asks = Callable[[], Awaitable[object]]


def answer(action: ModelError | Reset | Silence, *, path: str = "/v1/chat/completions", now: float = NOW) -> Answer:
    return answer_to(action, operation="chat.completions", path=path, now=now)


def error(status: int, code: str, *, path: str = "/v1/responses") -> dict[str, Any]:
    said = answer(ModelError(status, code, "no"), path=path)
    assert said.status == status
    assert said.headers["content-type"] == "application/json"
    body = json.loads(said.body)
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize(
    ("status", "code", "kind", "sent"),
    [
        (429, "rate_limit_exceeded", "requests", "rate_limit_exceeded"),
        (429, "insufficient_quota", "insufficient_quota", "insufficient_quota"),
        (400, "invalid_request_error", "invalid_request_error", None),
        (400, "context_length_exceeded", "invalid_request_error", "context_length_exceeded"),
        (401, "invalid_api_key", "invalid_request_error", "invalid_api_key"),
        (500, "server_error", "server_error", None),
        (503, "", "server_error", None),
    ],
)
def test_an_error_in_the_words_of_openai(status: int, code: str, kind: str, sent: str | None) -> None:
    assert error(status, code) == {"error": {"message": "no", "type": kind, "param": None, "code": sent}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "invalid_api_key", "authentication_error"),
        (422, "", "invalid_request_error"),
        (429, "rate_limit_exceeded", "rate_limit_error"),
        (500, "server_error", "api_error"),
        (503, "", "api_error"),
        (529, "", "overloaded_error"),
    ],
)
def test_an_error_in_the_words_of_anthropic(status: int, code: str, kind: str) -> None:
    said = error(status, code, path="/v1/messages?beta=true")
    assert said.pop("request_id").startswith("req_")
    assert said == {"type": "error", "error": {"type": kind, "message": "no"}}


def test_the_same_fault_at_the_same_call_is_the_same_answer() -> None:
    action = ModelError(429, "rate_limit_exceeded", "no", retry_after=3)
    assert answer(action) == answer(action, now=NOW + 5)
    assert answer(action).headers["x-request-id"].startswith("req_")


def waits(retry_after: float, told_as: Literal["seconds", "milliseconds", "date"], *, now: float = NOW) -> Answer:
    return answer(ModelError(429, "rate_limit_exceeded", "no", retry_after=retry_after, told_as=told_as), now=now)


def test_retry_after() -> None:
    assert waits(3.0, "seconds").headers["retry-after"] == "3"
    assert waits(2.5, "seconds").headers["retry-after"] == "3"
    assert waits(2.5, "milliseconds").headers["retry-after-ms"] == "2500"
    assert waits(1.1, "milliseconds").headers["retry-after-ms"] == "1100"
    assert waits(0.0001, "milliseconds").headers["retry-after-ms"] == "1"
    assert "retry-after" not in waits(2.5, "milliseconds").headers
    assert waits(0, "date").headers.keys() == {"content-type", "x-request-id"}
    assert waits(3.0, "date").headers["retry-after"] == "Thu, 01 Jan 2026 00:00:04 GMT"


@pytest.mark.parametrize("part", [0.0, 0.001, 0.5, 0.999])
def test_a_date_is_never_less_than_what_was_asked_away(part: float) -> None:
    now = int(NOW) + part
    headers = waits(3.0, "date", now=now).headers
    until = parsedate_to_datetime(headers["retry-after"]).timestamp()
    assert now + 3 <= until < now + 4
    assert parsedate_to_datetime(headers["date"]).timestamp() == int(NOW)


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "{}     ", "  [1, 2]\n", '"text"', "1234", "", " ", "1", "{}{}", '{"Ü": "ü"}', "[" * 9000]
)
def test_a_truncated_body_is_no_json(text: str) -> None:
    said = truncated(text)
    assert (said.status, said.headers) == (200, {"content-type": "application/json"})
    assert isinstance(parsed(said.body), str)
    assert text.strip().startswith(said.text)


def test_half_of_a_body_is_sent() -> None:
    text = json.dumps({"choices": ["x" * 1000]})
    assert truncated(text).text == text[: len(text) // 2]


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
        action = self.fault.action
        if isinstance(action, Truncate):
            return truncated(message.answer_text)
        assert isinstance(action, ModelError | Reset | Silence)
        return answer_to(action, operation=message.operation, path=message.path, now=time.time())


@asynccontextmanager
async def doors(meet: Striking, logs: Path) -> AsyncIterator[HttpDoors]:
    async with HttpDoors(meet=meet, logs=logs, notice=lambda notice: None) as running:
        yield running


def openai_client(running: HttpDoors, *, max_retries: int = 0, timeout: float = LIMIT) -> openai.AsyncOpenAI:
    url = running.model_url("slot", 1)
    return openai.AsyncOpenAI(base_url=url, api_key="sk-test", max_retries=max_retries, timeout=timeout)


def anthropic_client(running: HttpDoors, *, max_retries: int = 0, timeout: float = LIMIT) -> anthropic.AsyncAnthropic:
    url = running.anthropic_url("slot", 1)
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


def documented(fault: Fault, official: ModuleType) -> str:
    """Name the exception that the official client documents for what the fault does."""
    match fault.action:
        case ModelError(status=status):
            by_status = {400: official.BadRequestError, 429: official.RateLimitError, 500: official.InternalServerError}
            return str(by_status[status].__name__)
        case Reset():
            return str(official.APIConnectionError.__name__)
        case Silence():
            return str(official.APITimeoutError.__name__)
        case Truncate():
            return json.JSONDecodeError.__name__
    raise AssertionError(fault)


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
async def test_the_official_client_raises_what_it_documents(tmp_path: Path, dialect: str) -> None:
    official = anthropic if dialect == "messages" else openai
    meet = Striking()
    raised: dict[str, Exception] = {}
    async with doors(meet, tmp_path) as running:
        for fault in MODEL_FAULTS:
            meet.begin(fault)
            timeout = GIVES_UP_AFTER if isinstance(fault.action, Silence) else LIMIT
            with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is compared below
                await ask(running, dialect, timeout=timeout)
            raised[fault.name] = caught.value
            executed = ["before", "after"] if isinstance(fault.action, Truncate) else ["before"]
            assert [position for _, position in meet.met] == executed, fault.name
    assert {name: type(error).__name__ for name, error in raised.items()} == {
        fault.name: documented(fault, official) for fault in MODEL_FAULTS
    }
    for error in raised.values():
        if isinstance(error, openai.APIStatusError | anthropic.APIStatusError):
            assert (error.request_id or "").startswith("req_")


async def test_the_client_reads_the_code_that_tells_a_quota_from_a_rate(tmp_path: Path) -> None:
    meet = Striking()
    codes = []
    async with doors(meet, tmp_path) as running:
        for name in ("model-429-quota", "model-429"):
            meet.begin(faults.named(name))
            with pytest.raises(openai.RateLimitError) as raised:
                await ask(running, "chat")
            codes.append((raised.value.code, raised.value.type))
    assert codes == [("insufficient_quota", "insufficient_quota"), ("rate_limit_exceeded", "requests")]


@pytest.mark.parametrize("dialect", ["chat", "messages"])
@pytest.mark.parametrize("told_as", ["seconds", "milliseconds", "date"])
async def test_the_official_client_waits_as_long_as_it_is_asked(
    tmp_path: Path, dialect: str, told_as: Literal["seconds", "milliseconds", "date"]
) -> None:
    # By itself the client waits for half a second at most before its first retry.
    asked = 0.8 if told_as == "milliseconds" else 1.0
    action = ModelError(429, "rate_limit_exceeded", "no", retry_after=asked, told_as=told_as)
    meet = Striking()
    meet.begin(Fault(name="waits", family="model", what="", right="", action=action, positions=("before",)))
    async with doors(meet, tmp_path) as running:
        if dialect == "chat":
            await ask(running, dialect, max_retries=1)
        else:  # the retry gets as far as the server, which does not play Anthropic
            with pytest.raises(anthropic.NotFoundError):
                await ask(running, dialect, max_retries=1)
    assert [position for _, position in meet.met] == ["before", "before", "after"]
    waited = meet.met[1][0] - meet.met[0][0]
    assert waited >= asked - 0.02  # the client's timer may run out a moment early
