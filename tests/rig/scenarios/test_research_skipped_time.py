"""The research agent lives through its retry ladder and a day's pause, in seconds, on both engines that skip time.

A real worker in the test's own process; the model is played by respx, the note's receiver by a small HTTP server.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import respx
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, RetryState
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from harness.servers.binaries import TEST_SERVER, find, find_temporal
from harness.servers.clock import Clock, clock_of
from harness.servers.dev import DevServer
from harness.servers.engine import engines
from harness.servers.lifecycle import Server
from harness.servers.overdue import skips_within
from harness.servers.time_skipping import TimeSkippingServer
from scenarios.research import activities
from scenarios.research.activities import run_research_step
from scenarios.research.workflows import ResearchAgentWorkflow, ResearchInput, ResearchResult

HTTPX = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
"""The HTTP library of the installed client: ``httpx`` up to openai 2, ``httpx2`` since openai 3."""

TRANSPORT = {"httpx": "httpcore", "httpx2": "httpcore2"}[HTTPX.__name__]
MODEL_URL = "http://model.invalid/v1"
QUERY = ResearchInput(query="why?", max_steps=1)
DAY = timedelta(days=1)
LIMIT = 200.0
SKIPPING = ("dev", "time-skipping")

Answer = Callable[[], Awaitable[Any]]


class Model:
    """Plays the model: gives the answers in order, and keeps when it was asked, in the workflow's time."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[datetime] = []
        self.clock: Clock | None = None

    async def answer(self, request: Any) -> Any:
        assert self.clock is not None
        info = activity.info()
        self.asked.append(await self.clock.now(info.workflow_id or ""))
        assert info.attempt == len(self.asked), "one request for each attempt"
        return await self.answers[info.attempt - 1]()

    def waited(self, *least: float) -> bool:
        """Tell whether each attempt came at least that many seconds after the one before."""
        gaps = [(after - before).total_seconds() for before, after in pairwise(self.asked)]
        assert len(gaps) == len(least)
        return all(gap >= low for gap, low in zip(gaps, least, strict=True))


def refusal(status: int, **headers: str) -> Answer:
    async def answer() -> Any:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, headers=told, json={"error": {"message": "refused", "code": None}})

    return answer


async def note() -> Any:
    message = {"role": "assistant", "content": f"found it {activities.DONE}"}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return httpx.Response(200, json=body)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    monkeypatch.setenv("OPENAI_BASE_URL", MODEL_URL)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    activities.model_client.cache_clear()
    found = Model()
    with respx.mock(using=TRANSPORT, assert_all_called=False) as routes:
        routes.post(f"{MODEL_URL}/chat/completions").mock(side_effect=found.answer)
        yield found
    activities.model_client.cache_clear()


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """The notes that were saved, each with its key."""
    saved: list[tuple[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            saved.append((self.headers["Idempotency-Key"], asked["text"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("EFFECTS_URL", f"http://127.0.0.1:{server.server_port}")
    yield saved
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class World:
    """A server, the agent's worker, and the clock."""

    engine: str
    server: Server
    client: Client
    clock: Clock

    async def paused(self) -> Any:
        return await self.client.start_workflow(
            ResearchAgentWorkflow.run, QUERY, id="agent", task_queue="research", start_signal="pause"
        )

    async def started(self) -> Any:
        return await self.client.start_workflow(ResearchAgentWorkflow.run, QUERY, id="agent", task_queue="research")

    async def result(self, handle: Any) -> ResearchResult:
        await self.clock.release(handle.id)
        async with skips_within(self.clock, handle.id, limit=LIMIT):
            while True:  # the server may be away for longer than the client asks again by itself
                try:
                    found: ResearchResult = await handle.result()
                    return found
                except RPCError as error:
                    if error.status not in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.UNKNOWN):
                        raise

    async def ahead(self, handle: Any) -> timedelta:
        """Return how far the workflow's time is ahead of this machine's."""
        return await self.clock.now(handle.id) - datetime.now(UTC)


@asynccontextmanager
async def world(engine: str, folder: Path, model: Model) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        server: Server
        if engine == "dev":
            server = DevServer((await find_temporal()).path, folder=folder, skips_time=True)
        else:
            server = TimeSkippingServer((await find(TEST_SERVER)).path, folder=folder)
        await stack.enter_async_context(server)
        client = await Client.connect(server.address)
        clock = await stack.enter_async_context(
            clock_of(engines()[engine], address=server.address, namespace="default")
        )
        model.clock = clock
        worker = Worker(
            client, task_queue="research", workflows=[ResearchAgentWorkflow], activities=[run_research_step]
        )
        await stack.enter_async_context(worker)
        yield World(engine, server, client, clock)


@pytest.mark.parametrize("engine", SKIPPING)
async def test_the_whole_ladder_and_a_day_s_pause(
    engine: str, tmp_path: Path, model: Model, notes: list[tuple[str, str]]
) -> None:
    model.answers = [*[refusal(500)] * 4, note]
    async with world(engine, tmp_path, model) as found:
        began = time.monotonic()
        handle = await found.paused()
        async with skips_within(found.clock, handle.id, limit=LIMIT, what="a day"):
            await found.clock.pass_time(handle.id, DAY)
        assert await handle.query(ResearchAgentWorkflow.is_paused)
        assert model.asked == []
        await handle.signal(ResearchAgentWorkflow.resume)
        result = await found.result(handle)
        took = time.monotonic() - began
        assert await found.ahead(handle) > DAY + timedelta(seconds=10)
    print(f"\n{engine}: a day's pause and the ladder of 1, 2, 4 and 8 s took {took:.2f} s")
    assert result == ResearchResult("why?", ["found it"], complete=True)
    assert notes == [("agent/step-1", "found it")]
    assert model.waited(1, 2, 4, 8)


async def test_the_sdk_s_own_environment_runs_on_the_same_binary(model: Model, notes: list[tuple[str, str]]) -> None:
    model.answers = [*[refusal(500)] * 4, note]
    binary = (await find(TEST_SERVER)).path
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(binary),
        test_server_startup_timeout=timedelta(minutes=2),  # 5 s unless it is told
    ) as environment:
        worker = Worker(
            environment.client,
            task_queue="research",
            workflows=[ResearchAgentWorkflow],
            activities=[run_research_step],
        )
        address = environment.client.service_client.config.target_host
        clock = clock_of(engines()["time-skipping"], address=address, namespace="default")
        async with clock as model.clock, worker, asyncio.timeout(LIMIT):
            began = await environment.get_current_time()
            work = await environment.client.start_workflow(
                ResearchAgentWorkflow.run, QUERY, id="agent", task_queue="research", start_signal="pause"
            )
            await environment.sleep(DAY)
            await work.signal(ResearchAgentWorkflow.resume)
            assert await work.result() == ResearchResult("why?", ["found it"], complete=True)
            assert await environment.get_current_time() - began >= DAY + timedelta(seconds=15)
    assert notes == [("agent/step-1", "found it")]


@pytest.mark.parametrize("engine", SKIPPING)
async def test_each_form_of_retry_after_is_waited_for(
    engine: str, tmp_path: Path, model: Model, notes: list[tuple[str, str]]
) -> None:
    async def until_a_date() -> Any:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
        return await refusal(429, retry_after=date)()

    model.answers = [
        refusal(429, retry_after="7"),
        refusal(429, retry_after_ms="1500"),
        until_a_date,
        refusal(429, retry_after="99999"),
        note,
    ]
    async with world(engine, tmp_path, model) as found:
        result = await found.result(await found.started())
    assert result.complete
    assert model.waited(7, 1.5, 15, 60)
    assert model.asked[4] - model.asked[3] < timedelta(hours=1), "a day that the provider asks for is not waited for"


@pytest.mark.parametrize("engine", SKIPPING)
async def test_the_fifth_refusal_is_the_last(
    engine: str, tmp_path: Path, model: Model, notes: list[tuple[str, str]]
) -> None:
    model.answers = [refusal(500)] * 5
    async with world(engine, tmp_path, model) as found:
        with pytest.raises(WorkflowFailureError) as raised:
            await found.result(await found.started())
    cause = raised.value.cause
    assert isinstance(cause, ActivityError)
    assert cause.retry_state is RetryState.MAXIMUM_ATTEMPTS_REACHED
    assert isinstance(cause.cause, ApplicationError)
    assert cause.cause.type == "ModelUnavailable"
    assert (len(model.asked), notes) == (5, [])


async def test_the_server_is_killed_across_skipped_time(
    tmp_path: Path, model: Model, notes: list[tuple[str, str]]
) -> None:
    async with world("dev", tmp_path, model) as found:

        async def refused_after_a_crash() -> Any:
            await found.server.restart()
            return await refusal(500)()

        model.answers = [refusal(500), refused_after_a_crash, refusal(500), refused_after_a_crash, note]
        handle = await found.paused()
        await found.clock.pass_time(handle.id, DAY)
        pid = found.server.pid
        await found.server.restart()
        assert found.server.pid != pid
        assert await handle.query(ResearchAgentWorkflow.is_paused)
        assert await found.ahead(handle) > timedelta(hours=23)
        await handle.signal(ResearchAgentWorkflow.resume)
        result = await found.result(handle)
        assert await found.ahead(handle) > DAY
    assert result.complete
    assert notes == [("agent/step-1", "found it")]
    assert model.waited(1, 2, 4, 8)
