"""One attempt of the research agent's activity, against a small HTTP server that plays model and effects."""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from scenarios.research import activities
from scenarios.research.activities import ResearchStep, StepResult, run_research_step

STEP = ResearchStep(query="why?", number=2, notes=["first"])


class World:
    """Plays model and effects: keeps what was asked, answers what it is told to."""

    def __init__(self) -> None:
        self.questions: list[dict[str, Any]] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.status = 200
        self.body: Callable[[], bytes] = lambda: completion("second")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    found = World()

    class Door(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/v1/chat/completions":
                found.questions.append(asked)
                status, body = found.status, found.body()
            else:
                found.notes.append((self.headers["Idempotency-Key"], asked))
                status, body = 200, b'{"id": "1"}'
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("EFFECTS_URL", f"{address}/effects")
    activities.model_client.cache_clear()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


async def test_asks_once_and_saves_the_note_under_the_step_s_key(world: World) -> None:
    result, beats = await attempt()
    assert result == StepResult(note="second", done=False)
    assert [message["role"] for message in world.questions[0]["messages"]] == ["system", "user", "assistant", "user"]
    assert world.notes == [("test/step-2", {"query": "why?", "step": 2, "text": "second"})]
    assert beats == ["", "second"]


async def test_resumes_from_the_answer_that_was_beaten(world: World) -> None:
    result, beats = await attempt(beaten=["paid for already"])
    assert result.note == "paid for already"
    assert world.questions == []
    assert beats == ["paid for already"]


async def test_done_ends_the_research_and_is_no_part_of_the_note(world: World) -> None:
    world.body = lambda: completion("that is all [DONE]")
    result, _ = await attempt()
    assert result == StepResult(note="that is all", done=True)


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b'"text"',
        b'{"choices": []}',
        b'{"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": null}}]}',
        b'{"choices": [{"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "cut"}}]}',
        b'{"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": " "}}]}',
        b'{"choices": null}',
    ],
)
async def test_no_complete_answer_is_worth_another_attempt(world: World, body: bytes) -> None:
    world.body = lambda: body
    with pytest.raises(ApplicationError) as raised:
        await attempt()
    assert (raised.value.type, raised.value.non_retryable) == ("IncompleteAnswer", False)
    assert world.notes == []


@pytest.mark.parametrize("body", [b'{"choices": [{"ind', b""])
async def test_broken_json_is_worth_another_attempt(world: World, body: bytes) -> None:
    world.body = lambda: body
    with pytest.raises(ValueError, match="char"):
        await attempt()
    assert world.notes == []


async def test_the_client_never_retries(world: World) -> None:
    world.status, world.body = 503, lambda: b'{"error": {"message": "overloaded"}}'
    with pytest.raises(ApplicationError) as raised:
        await attempt()
    assert raised.value.type == "ModelUnavailable"
    assert len(world.questions) == 1


async def attempt(*, beaten: list[str] | None = None) -> tuple[StepResult, list[str]]:
    """Run one attempt; return its result and its beats, of those in a row that say the same one.

    How often it beats while the model thinks is a matter of time.
    """
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, heartbeat_details=beaten or [])
    beats: list[str] = []
    environment.on_heartbeat = beats.append
    result = await environment.run(run_research_step, STEP)
    return result, [said for said, _ in itertools.groupby(beats)]


def completion(text: str) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return json.dumps(
        {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()
