"""A script recorded from a provider, which is the model server itself, through the official clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from harness.doors.decision import Decision
from harness.doors.http import script as scripts
from harness.doors.http.answer import Answer
from harness.doors.http.doors import HttpDoors, HttpMessage
from harness.doors.model import model
from harness.doors.model.recorded import Recording
from harness.doors.model.recording import RecordingProxy, upstream_at
from harness.errors import UsageError
from harness.processes.ports import held_port, listening
from tests.waiting import until_async

LIMIT = 120.0
CANARY = "sk-canary-1234567890"
PROVIDER = """
def answer(request):
    asked = str(request.get("messages", request.get("input")))
    if "fail" in asked:
        return {"status": 429, "error": {"message": "slow down, sk-canary-1234567890"}, "headers": {"retry-after": "7"}}
    if "key" in asked:
        return {"status": 401, "error": {"message": "Incorrect API key provided: sk-canary-1234567890."}}
    if "tool" in asked:
        return {"tool_calls": [{"name": "look", "arguments": {"query": "it"}, "id": "call_7"}]}
    if "long" in asked:
        return {"text": "only the beginn", "finish_reason": "length", "usage": {"output_tokens": 4, "input_tokens": 99}}
    return "Paris, as 'they' say."
"""


async def let_go(message: HttpMessage) -> Decision:
    return "go"


@asynccontextmanager
async def recording(folder: Path, upstream: str) -> AsyncIterator[tuple[RecordingProxy, Path, list[str]]]:
    lines: list[str] = []
    kept = Recording(folder / "recorded.py", "the provider")
    async with RecordingProxy(upstream=upstream_at(upstream), recording=kept, tell=lines.append) as proxy:
        yield proxy, kept.path, lines


@asynccontextmanager
async def provider(folder: Path) -> AsyncIterator[str]:
    """Yield what OPENAI_BASE_URL is for the provider."""
    script = folder / "provider.py"
    script.write_text(PROVIDER)
    async with HttpDoors(decide=let_go, logs=folder, model_script=script) as doors:
        yield doors.model_url("provider", worker=1)


def asked(text: str) -> Any:
    return [{"role": "user", "content": text}]


async def converse(proxy: RecordingProxy) -> list[Any]:
    """Return what each API answers, whole and streamed, and what it refuses."""
    said: list[Any] = []
    client = openai.AsyncOpenAI(base_url=proxy.openai_url, api_key=CANARY, max_retries=0, timeout=LIMIT)
    claude = anthropic.AsyncAnthropic(base_url=proxy.anthropic_url, api_key=CANARY, max_retries=0, timeout=LIMIT)
    async with client, claude:
        for text in ("a capital", "a tool", "a long one"):
            chat = await client.chat.completions.create(model="m", messages=asked(text), user="someone")
            said.append(chat.choices[0].message.content)
            events = [event async for event in await client.responses.create(model="m", input=text, stream=True)]
            said.append(events[-1].response.output_text)
            async with claude.messages.stream(model="m", max_tokens=9, messages=asked(text)) as speaking:
                said.append([block.type for block in (await speaking.get_final_message()).content])
        chunks = await client.chat.completions.create(model="m", messages=asked("a streamed one"), stream=True)
        said.append("".join([chunk.choices[0].delta.content or "" async for chunk in chunks]))
        for text in ("fail", "key"):
            with pytest.raises(openai.APIStatusError) as refused:
                await client.responses.create(model="m", input=text)
            said.append(refused.value.status_code)
        said.append([each.id async for each in client.models.list()])
    return said


def answers(path: Path, request: dict[str, Any], *, at: str) -> Answer:
    return model.answer(method="POST", path=at, body=json.dumps(request).encode(), script=scripts.load(path))


async def test_what_a_provider_answers_becomes_a_script_that_answers_the_same(tmp_path: Path) -> None:
    async with provider(tmp_path) as upstream, recording(tmp_path, upstream) as (proxy, path, lines):
        said = await converse(proxy)
    text = "Paris, as 'they' say."
    half = "only the beginn"
    assert said[:9] == [text, text, ["text"], None, "", ["tool_use"], half, half, ["text"]]
    assert said[9:] == [text, 429, 401, ["scripted-model"]]
    assert [line.split(" ", 2)[2] for line in lines] == [
        *["200, recorded"] * 10,
        "429, recorded",
        "401, not recorded: it is about the credentials",
        "200, not recorded: scripts answer conversations alone",
    ]
    for chat in ("a capital", "a streamed one"):
        whole = answers(path, {"model": "m", "messages": asked(chat)}, at="/v1/chat/completions")
        assert json.loads(whole.body)["choices"][0]["message"]["content"] == text
    called = answers(path, {"model": "m", "input": "a tool", "stream": True}, at="/v1/responses")
    assert len(called.events) > 3
    assert [(item["call_id"], item["arguments"]) for item in json.loads(called.body)["output"]] == [
        ("call_7", '{"query": "it"}')
    ]
    request = {"model": "m", "max_tokens": 9, "messages": asked("a long one")}
    long = json.loads(answers(path, request, at="/v1/messages").body)
    assert (long["stop_reason"], long["usage"]["output_tokens"], long["usage"]["input_tokens"]) == ("max_tokens", 4, 99)
    refused = answers(path, {"model": "m", "input": "fail"}, at="/v1/responses")
    assert (refused.status, refused.headers["retry-after"]) == (429, "7")
    unasked = answers(path, {"model": "m", "input": "key"}, at="/v1/responses")
    assert (unasked.status, '"key" was not asked while this was recorded' in unasked.notice) == (500, True)


async def test_credentials_are_in_nothing_that_is_written_or_told(tmp_path: Path) -> None:
    async with provider(tmp_path) as upstream, recording(tmp_path, upstream) as (proxy, path, lines):
        await converse(proxy)
        async with openai.AsyncOpenAI(base_url=proxy.openai_url, api_key=CANARY, max_retries=0) as client:
            await client.models.list(extra_query={"api-key": "canary-in-a-query"})
            own = {"x-own": "canary-in-a-header"}
            await client.responses.create(model="m", input=f"{CANARY} {own}", extra_headers=own)
    written = "".join(file.read_text() for file in tmp_path.iterdir() if file.is_file() and file.name != "provider.py")
    assert "canary" not in written + "".join(lines)
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.glob(".*")] == []


async def test_an_answer_that_breaks_off_is_passed_on_and_not_recorded(tmp_path: Path) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))  # or it is a reset
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{"half":')
        writer.close()

    server = await asyncio.start_server(half, sock=listening())
    port = server.sockets[0].getsockname()[1]
    async with server, recording(tmp_path, f"http://127.0.0.1:{port}") as (proxy, path, lines):
        async with openai.AsyncOpenAI(base_url=proxy.openai_url, api_key=CANARY, max_retries=0) as client:
            with pytest.raises(openai.APIConnectionError):
                await client.responses.create(model="m", input="hello")
        await until_async(lambda: bool(lines))
    assert lines == ["POST /v1/responses 200, not recorded: the answer broke off (82 bytes of it are missing)"]
    assert not path.exists()


async def test_a_provider_that_cannot_be_reached_is_lines_in_its_own_words(tmp_path: Path) -> None:
    with held_port() as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        await _refused(tmp_path, address)


async def _refused(folder: Path, upstream: str) -> None:
    async with recording(folder, upstream) as (proxy, _, lines):
        claude = anthropic.AsyncAnthropic(base_url=proxy.anthropic_url, api_key=CANARY, max_retries=0)
        with pytest.raises(anthropic.APIStatusError, match="cannot be reached: ") as refused:
            await claude.messages.create(model="m", max_tokens=9, messages=asked("hello"))
        await claude.close()
    assert refused.value.status_code == 502
    assert "cannot be reached" in lines[0]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("api.openai.com/v1", "must be an address such as https"),
        ("ftp://api.openai.com", "must be an address such as https"),
        ("https://", "must be an address such as https"),
        ("https://h:port/", "must be an address such as https"),
        ("https://me:key@api.openai.com/v1", "keys come from the client"),
        ("https://api.openai.com/v1?key=1", "keys come from the client"),
    ],
)
def test_what_is_no_provider_is_refused(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        upstream_at(url)


@pytest.mark.parametrize(
    ("url", "path", "version"),
    [
        ("https://api.openai.com/v1/", "", "/v1"),
        ("https://api.anthropic.com", "", "/v1"),
        ("https://api.groq.com/openai/v1", "/openai", "/v1"),
        ("https://api.example/v1beta/openai/", "/v1beta/openai", ""),
    ],
)
def test_the_paths_of_a_provider_are_kept(url: str, path: str, version: str) -> None:
    upstream = upstream_at(url)
    assert (upstream.path, upstream.version) == (path, version)
