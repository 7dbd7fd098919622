"""What an HTTP door delivers in place of an answer: another answer, a reset, or nothing at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from harness.doors.decision import Decision, Refusal
from harness.doors.http.answer import CLOSED, RESET, SILENT, json_answer
from harness.doors.http.doors import HttpDoors, HttpMessage

LIMIT = 120.0

COUNTING = "asked = []\ndef answer(effect):\n    asked.append(1)\n    return {'asked': len(asked)}"


class Instead:
    """Decides so at one position, and lets everything else go."""

    def __init__(self, position: str, decision: Decision) -> None:
        self.met: list[HttpMessage] = []
        self.position = position
        self.decision = decision
        self.changed = asyncio.Event()

    async def __call__(self, message: HttpMessage) -> Decision:
        self.met.append(message)
        self.changed.set()
        return self.decision if message.position == self.position else "go"

    @property
    def positions(self) -> list[str]:
        return [message.position for message in self.met]

    async def reached(self, position: str, *, times: int = 1) -> None:
        while self.positions.count(position) < times:
            self.changed.clear()
            await self.changed.wait()


@asynccontextmanager
async def doors(decide: Instead, folder: Path) -> AsyncIterator[HttpDoors]:
    script = folder / "effects_script.py"
    script.write_text(COUNTING)
    async with asyncio.timeout(LIMIT), HttpDoors(decide=decide, logs=folder, effects_scripts={"": script}) as running:
        yield running
    assert not psutil.pid_exists(running.pid)


async def post(running: HttpDoors) -> httpx.Response:
    async with httpx.AsyncClient(timeout=LIMIT) as sender:
        return await sender.post(f"{running.effects_url('s', worker=1)}/note", json={})


async def send(running: HttpDoors, body: bytes = b"{}") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send an effect over a socket of its own, its body once the server waits for it."""
    url = urlsplit(running.effects_url("s", worker=1))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    told = f"host: x\r\nexpect: 100-continue\r\ncontent-length: {len(body)}"
    writer.write(f"POST {url.path}/note HTTP/1.1\r\n{told}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    writer.write(body)
    return reader, writer


async def test_an_answer_given_before_replaces_the_execution(tmp_path: Path) -> None:
    decide = Instead("before", json_answer({"given": True}, status=409, headers={"x-given": "yes"}))
    async with doors(decide, tmp_path) as running:
        said = await post(running)
        assert (said.status_code, said.json(), said.headers["x-given"]) == (409, {"given": True}, "yes")
        assert decide.positions == ["before"]
        decide.position = ""
        assert (await post(running)).json() == {"asked": 1}


async def test_an_answer_given_after_replaces_the_one_that_was_executed(tmp_path: Path) -> None:
    decide = Instead("after", json_answer({"given": True}))
    async with doors(decide, tmp_path) as running:
        assert (await post(running)).json() == {"given": True}
        decide.position = ""
        assert (await post(running)).json() == {"asked": 2}
    assert decide.positions == ["before", "after"] * 2
    before, after = decide.met[:2]
    assert (before.answer_text, after.answer) == ("", {"asked": 1})
    assert json.loads(after.answer_text) == after.answer


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("decision", ["drop", CLOSED], ids=["drop", "closed"])
async def test_a_closed_connection_ends_without_a_byte(tmp_path: Path, position: str, decision: Decision) -> None:
    async with doors(Instead(position, decision), tmp_path) as running:
        reader, writer = await send(running)
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("position", ["before", "after"])
async def test_a_reset_connection_is_reset(tmp_path: Path, position: str) -> None:
    async with doors(Instead(position, RESET), tmp_path) as running:
        reader, writer = await send(running)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def closed(pid: int, port: int) -> None:
    """Wait until a process has no connection to that port any more."""
    process = psutil.Process(pid)
    while any(one.raddr and one.raddr.port == port for one in await asyncio.to_thread(process.net_connections)):
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("size", [2, 300_000])
async def test_silence_lasts_until_the_client_goes(tmp_path: Path, position: str, size: int) -> None:
    decide = Instead(position, SILENT)
    async with doors(decide, tmp_path) as running:
        reader, writer = await send(running, b"x" * size)
        reading = asyncio.create_task(reader.read())
        await decide.reached(position)
        decide.position = ""
        # Another request goes the whole way meanwhile, so the silent one has had its chance to be answered.
        assert (await post(running)).status_code == 200
        assert not reading.done()
        reading.cancel()
        port = writer.get_extra_info("sockname")[1]
        writer.transport.abort()
        await closed(running.pid, port)


async def test_silence_does_not_hold_up_the_end(tmp_path: Path) -> None:
    decide = Instead("before", SILENT)
    async with doors(decide, tmp_path) as running:
        asking = [asyncio.create_task(post(running)) for _ in range(5)]
        await decide.reached("before", times=5)
    for one in asking:
        with pytest.raises(httpx.TransportError):
            await one


async def test_a_refusal_is_for_the_wire(tmp_path: Path) -> None:
    async with doors(Instead("before", Refusal("UNAVAILABLE", "no")), tmp_path) as running:
        with pytest.raises(httpx.TransportError):
            await post(running)
        with pytest.raises(TypeError, match="give an Answer"):
            await running.watch()
