"""The gate: bytes pass while it is open; shut it resets what is connected and refuses what comes, on the same port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from harness.doors.http.gate import Gate
from harness.processes.ports import IP

LIMIT = 120.0


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """Serve what answers with what it is sent, until its client says that this was all."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(1024):
            writer.write(some)
        writer.close()

    server = await asyncio.start_server(serve, IP, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_bytes_pass_both_ways_until_either_end_closes(echo: int) -> None:
    async with asyncio.timeout(LIMIT), Gate(to=echo) as gate:
        reader, writer = await asyncio.open_connection(IP, gate.port)
        writer.write(b"x" * 300_000)
        assert await reader.readexactly(300_000) == b"x" * 300_000
        writer.write(b"last")
        writer.write_eof()
        assert await reader.read() == b"last"
        writer.close()


async def test_shut_it_resets_and_refuses_and_opened_again_it_passes_on(echo: int) -> None:
    async with asyncio.timeout(LIMIT), Gate(to=echo) as gate:
        reader, writer = await asyncio.open_connection(IP, gate.port)
        writer.write(b"here")
        assert await reader.readexactly(4) == b"here"
        gate.shut()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(IP, gate.port)
        gate.shut()  # as good as once
        await gate.open()
        await gate.open()
        reader, writer = await asyncio.open_connection(IP, gate.port)
        writer.write(b"again")
        assert await reader.readexactly(5) == b"again"


async def test_two_gates_have_two_ports_and_one_that_leads_nowhere_closes(echo: int) -> None:
    async with asyncio.timeout(LIMIT), Gate(to=echo) as one, Gate(to=echo) as other:
        assert one.port != other.port
        one.shut()
        async with Gate(to=one.port) as nowhere:
            reader, writer = await asyncio.open_connection(IP, nowhere.port)
            assert await reader.read() == b""
            writer.close()
