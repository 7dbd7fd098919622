"""The doors: whatever bytes a worker sends, the door lives, and what it keeps of them can be written."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.workflowservice.v1 import RespondActivityTaskCompletedRequest

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpDoors, HttpMessage
from harness.doors.wire import decoding
from harness.records.json_text import json_bytes
from harness.temporal.service import request_type, response_type
from tests.fuzz.surfaces import PIECES, fuzz, mutated

SURFACES = 3
BLANK = b"\r\n\r\n"
_COMPLETED = RespondActivityTaskCompletedRequest(
    task_token=b"t" * 40,
    result=Payloads(
        payloads=[Payload(metadata={"encoding": b"json/plain"}, data=b'{"note": "half \\ud83d", "n": [1]}')]
    ),
).SerializeToString()
_OPERATIONS = (
    "RespondActivityTaskCompleted", "RespondActivityTaskFailed", "RecordActivityTaskHeartbeat",
    "RespondWorkflowTaskCompleted", "RespondWorkflowTaskFailed", "PollActivityTaskQueue", "PollWorkflowTaskQueue",
)  # fmt: skip
_REQUEST = (
    b"POST /chat/completions?api_key=k HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n"
    b'X-Secret: s\r\nConnection: close\r\n\r\n{"model": "m", "messages": [{"role": "user", "content": "x"}]}'
)


@fuzz(raw=mutated(_COMPLETED), operation=st.sampled_from(_OPERATIONS))
def test_what_the_tape_keeps_of_an_rpc_can_be_written(raw: bytes, operation: str) -> None:
    for kind, facts in ((request_type, decoding.facts_of_request), (response_type, decoding.facts_of_reply)):
        message: Any = kind(operation)
        try:
            read = message.FromString(raw)
        except Exception:  # no message of that kind: gRPC's own refusal
            continue
        json_bytes(facts(operation, read))


@fuzz(data=st.sampled_from(PIECES) | mutated(b'{"a": ["half \\ud83d", 1e3], "b": {"c": null}}'))
def test_what_the_tape_keeps_of_a_payload_can_be_read_again(data: bytes) -> None:
    kept = json_bytes(decoding.payloads([Payload(metadata={"encoding": b"json/plain"}, data=data)]))
    msgspec.json.decode(kept)


@fuzz(requests=st.lists(mutated(_REQUEST), min_size=50, max_size=50))
def test_an_http_door_lives_whatever_it_is_sent(requests: list[bytes]) -> None:
    asyncio.run(_send(requests))


async def _send(requests: list[bytes]) -> None:
    last, lives = "the last one", asyncio.Event()

    async def decide(message: HttpMessage) -> Decision:
        json_bytes(message.facts)
        if message.position == "after" and last in str(message.body):
            lives.set()
        return "go"

    with tempfile.TemporaryDirectory() as logs:
        async with HttpDoors(decide=decide, logs=Path(logs), notice=lambda notice: None) as doors:
            url = urlsplit(doors.model_url("s", worker=1))
            for request in requests:
                await _answer(request.replace(b" /chat", f" {url.path}/chat".encode()), port=url.port or 0)
            request = _REQUEST.replace(b'"content": "x"', f'"content": "{last}"'.encode())
            request = request.replace(b"Length: 60", f"Length: {len(request.partition(BLANK)[2])}".encode())
            await _answer(request.replace(b" /chat", f" {url.path}/chat".encode()), port=url.port or 0)
            # A client that closes its half may be told nothing more, before its message has come to its end.
            async with asyncio.timeout(20):
                await lives.wait()


async def _answer(request: bytes, *, port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
