"""What scripts and clients do wrong: told in the provider's own words and on record, and the doors live on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpDoors, HttpMessage

LIMIT = 200.0
SCRIPT = """
import time

def answer(request):
    asked = str(request.get("messages", request.get("input")))
    if "raises" in asked:
        raise KeyError("no such note")
    if "nonsense" in asked:
        return 7
    if "half" in asked:
        return {"tool_calls": [{"arguments": {}}]}
    if "leaves" in asked:
        raise SystemExit(0)
    if "for ever" in asked:
        while True:
            time.sleep(0.1)
    return "Attention weighs what it reads. " * 4
"""
ASKED = {
    "/chat/completions": lambda text: {"model": "m", "messages": [{"role": "user", "content": text}]},
    "/responses": lambda text: {"model": "m", "input": text},
    "/messages": lambda text: {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": text}]},
}
CHAT = "/chat/completions"


class Doors:
    """Running doors with a client, and what they have met."""

    def __init__(self, client: httpx.AsyncClient, base: str, met: list[HttpMessage], notices: list[str]) -> None:
        self.client, self.base, self.met, self.notices = client, base, met, notices

    async def ask(self, path: str, text: str, **more: Any) -> httpx.Response:
        return await self.client.post(f"{self.base}{path}", json=ASKED[path](text) | more)

    async def live(self) -> None:
        said = await self.ask(CHAT, "hello")
        assert said.status_code == 200
        assert [message.position for message in self.met[-2:]] == ["before", "after"]


@asynccontextmanager
async def doors(folder: Path, *, script: str = SCRIPT) -> AsyncIterator[Doors]:
    (folder / "script.py").write_text(script)
    met: list[HttpMessage] = []
    notices: list[str] = []

    async def decide(message: HttpMessage) -> Decision:
        met.append(message)
        return "go"

    running = HttpDoors(
        decide=decide,
        logs=folder,
        model_script=folder / "script.py",
        notice=lambda notice: notices.append(notice.text),
    )
    async with running, httpx.AsyncClient(timeout=LIMIT, limits=httpx.Limits(max_connections=None)) as client:
        yield Doors(client, running.model_url("s", worker=1), met, notices)
        assert running.failure is None


def message_of(reply: httpx.Response) -> str:
    """Return what an error says, in the form that both providers give it."""
    return str(reply.json()["error"]["message"])


async def test_a_script_that_goes_wrong_is_an_error_of_the_provider(tmp_path: Path) -> None:
    said = {
        "raises": "script.py:7: KeyError: 'no such note'",
        "nonsense": "answer() returned what is no answer: expected a text or a dict, got int",
        "half": "answer() returned what is no answer: Object missing required field `name`",
        "leaves": "script.py:13: SystemExit: 0",
    }
    async with doors(tmp_path) as asked:
        for path in ASKED:
            for text, message in said.items():
                reply = await asked.ask(path, text)
                assert (reply.status_code, message in message_of(reply)) == (500, True), reply.text
        assert (await asked.ask("/messages", "raises")).json()["type"] == "error"
        slow, quick = await asyncio.gather(asked.ask(CHAT, "for ever"), asked.ask(CHAT, "hello"))
        assert (slow.status_code, quick.status_code) == (500, 200)
        assert "no answer within 5 s" in message_of(slow)
        assert len(asked.notices) == 5
        await asked.live()


OTHER_SHAPES: list[tuple[dict[str, Any], int, str]] = [
    ({"headers": {"content-type": "text/plain"}}, 200, ""),
    ({"headers": {"content-type": "application/x-www-form-urlencoded"}, "content": b"model=m"}, 400, "could not parse"),
    ({"content": b""}, 400, "could not parse"),
    ({"content": b"\xff\xfe\x00"}, 400, "could not parse"),
    ({"content": b"[" * 100_000}, 400, "could not parse"),
    ({"content": b"[]"}, 400, "it is no object"),
    ({"content": b"{}"}, 400, "you must provide a model"),
    ({"method": "GET"}, 404, "GET /v1/chat/completions is not served"),
]


async def test_a_request_of_another_shape_is_answered_as_the_provider_does(tmp_path: Path) -> None:
    usual: dict[str, Any] = {"method": "POST", "content": json.dumps(ASKED[CHAT]("hello")).encode()}
    async with doors(tmp_path) as asked:
        for how, status, says in OTHER_SHAPES:
            reply = await asked.client.request(url=f"{asked.base}{CHAT}", **(usual | how))
            assert reply.status_code == status
            assert says in (message_of(reply) if status != 200 else "")
            assert [message.status for message in asked.met[-2:]] == [0, status]
            await asked.live()


async def test_a_request_of_fifty_megabytes_is_answered_and_on_record(tmp_path: Path) -> None:
    text = "x" * 50_000_000
    async with doors(tmp_path) as asked:
        reply = await asked.ask(CHAT, text)
        assert reply.status_code == 200
        assert reply.json()["usage"]["prompt_tokens"] > 12_000_000
        assert [len(message.body["messages"][0]["content"]) for message in asked.met] == [len(text)] * 2
        await asked.live()


async def test_clients_that_go_at_any_moment_leave_the_others_alone(tmp_path: Path) -> None:
    body = json.dumps(ASKED[CHAT]("hello") | {"stream": True}).encode()
    async with doors(tmp_path) as asked:
        url = urlsplit(f"{asked.base}{CHAT}")
        head = f"POST {url.path} HTTP/1.1\r\nhost: h\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        for sent in (head[:20], head, head + body[:9]):
            _, writer = await asyncio.open_connection(url.hostname, url.port)
            writer.write(sent)
            await writer.drain()
            writer.close()
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(head + body)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()
        # A request that never came whole is no message.
        assert [message.position for message in asked.met] == ["before", "after"]
        await asked.live()


async def test_two_hundred_streams_side_by_side_are_whole(tmp_path: Path) -> None:
    async with doors(tmp_path) as asked:
        replies = await asyncio.gather(*(asked.ask(CHAT, str(number), stream=True) for number in range(200)))
        assert {reply.status_code for reply in replies} == {200}
        assert {reply.text.count("data: ") for reply in replies} == {replies[0].text.count("data: ")}
        assert all(reply.text.endswith("data: [DONE]\n\n") for reply in replies)
        assert len(asked.met) == 400
        assert {message.body["messages"][0]["content"] for message in asked.met} == {str(each) for each in range(200)}
        await asked.live()
