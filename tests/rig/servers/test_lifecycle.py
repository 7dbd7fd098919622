"""A server that does not start, or whose port is taken, says why; a kill is a SIGKILL."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from harness.errors import RigError, UsageError
from harness.processes.ports import free_port
from harness.processes.process import Process
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.waiting import until_async


@pytest.fixture
async def binary() -> Path:
    return (await find_temporal()).path


async def test_a_port_that_is_taken_is_named(binary: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken"):
            await DevServer(binary, folder=tmp_path, port=port).start()


async def test_a_free_port_taken_meanwhile_is_replaced(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = [taken.getsockname()[1], free_port()]
        monkeypatch.setattr("harness.servers.lifecycle.free_port", lambda: ports.pop(0))
        async with DevServer(binary, folder=tmp_path) as server:
            assert server.port != taken.getsockname()[1]
            assert ports == []


async def test_a_server_that_ends_at_start_is_told_with_its_log(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "temporal.db").write_text("this is no database" * 1000)
    with pytest.raises(RigError, match=r"(?s)ended while starting, with exit status 1.*\| .*not a database"):
        await DevServer(binary, folder=tmp_path).start()


async def test_a_server_that_never_answers_is_told_and_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Process.start

    async def has_begun(*given: Any, **more: Any) -> Process:
        process = await start(*given, **more)
        await until_async(lambda: "am deaf" in process.log_tail())
        return process

    monkeypatch.setattr("harness.servers.lifecycle.START_SECONDS", 0.5)
    monkeypatch.setattr("harness.servers.lifecycle.Process.start", has_begun)
    deaf = tmp_path / "temporal"
    deaf.write_text("#!/bin/sh\necho $$ am deaf\nexec sleep 600\n")
    deaf.chmod(0o755)
    server = DevServer(deaf, folder=tmp_path)
    with pytest.raises(RigError, match=r"(?s)did not answer within.*am deaf"):
        await server.start()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "server.out").read_text().split()[0]), 0)
    assert not server.alive


async def test_kill_is_sigkill(binary: Path, tmp_path: Path) -> None:
    server = DevServer(binary, folder=tmp_path)
    await server.start()
    process = server._process
    assert process is not None
    await server.kill()
    assert process.exit_status == -signal.SIGKILL
    with pytest.raises(RigError, match="not running"):
        _ = server.pid
