"""What the model server gives: answers a second, streams side by side, and the time that one answer takes."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpDoors, HttpMessage
from tests.bench.table import Figure, below

CLIENTS, CALLS, STREAMS = 16, 150, 200


async def measure() -> list[Figure]:
    """Ask a model server that lets every message go, over connections that are kept."""
    with tempfile.TemporaryDirectory() as folder:
        async with HttpDoors(decide=_let_go, logs=Path(folder)) as doors:
            url = urlsplit(doors.model_url("bench", worker=1))
            assert url.port is not None
            await _ask(url.port, url.path, 20)
            alone = statistics.median(await _ask(url.port, url.path, 300))
            began = time.perf_counter()
            await asyncio.gather(*(_ask(url.port, url.path, CALLS) for _ in range(CLIENTS)))
            rate = CLIENTS * CALLS / (time.perf_counter() - began)
            began = time.perf_counter()
            await asyncio.gather(*(_stream(url.port, url.path) for _ in range(STREAMS)))
            streamed = time.perf_counter() - began
    return [
        below("model server, one plain answer, p50", alone, 2, unit="ms", digits=2),
        Figure(name="  plain answers", measured=f"{rate:.0f} /s", wanted="> 1000 /s", met=rate > 1000),
        below(f"  {STREAMS} streams side by side", streamed, 5, unit="s", digits=2),
    ]


async def _let_go(message: HttpMessage) -> Decision:
    return "go"


def _request(path: str, **more: bool) -> bytes:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], **more}).encode()
    return (
        f"POST {path}/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    )


async def _ask(port: int, path: str, times: int) -> list[float]:
    """Return the milliseconds that each of some calls in a row took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        writer.write(_request(path))
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.partition("content-length:")[2].partition("\r\n")[0]))
        taken.append((time.perf_counter() - began) * 1000)
    writer.close()
    return taken


async def _stream(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_request(path, stream=True))
    await reader.readuntil(b"[DONE]")
    writer.close()
