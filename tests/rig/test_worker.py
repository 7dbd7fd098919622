"""A worker that does not come up is reported as what it is, in seconds and with the end of its log."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from harness.errors import RigError, UsageError
from harness.plan import Plan, Strike
from harness.points import Point
from harness.rig import worker
from harness.rig.nemesis import Nemesis
from harness.rig.worker import WorkerProcesses, command_words, environment
from harness.tape import Entry, acts

LIMIT = 30.0
SLEEPS = "import sys, time; print('here', file=sys.stderr, flush=True); time.sleep(600)"
POINT = Point(position="before", door="wire", operation="One")


def python(script: str) -> str:
    return shlex.join([sys.executable, "-S", "-c", script])


@asynccontextmanager
async def workers(
    command: str, logs: Path, *, task_queue: str = "", plan: Plan | None = None, strict: bool = True
) -> AsyncIterator[tuple[WorkerProcesses, Nemesis]]:
    nemesis = Nemesis(plan or Plan())

    async def recover(number: int) -> None:
        nemesis.note("recover", worker=number)

    found = WorkerProcesses(
        command=command,
        environment=environment({}),
        logs=logs,
        nemesis=nemesis,
        task_queue=task_queue,
        recover=recover,
        strict=strict,
    )
    nemesis.threaten(found)
    try:
        async with asyncio.timeout(LIMIT):
            yield found, nemesis
    finally:
        nemesis.finish()
        await found.stop()


async def polling(found: WorkerProcesses, *queues: str) -> None:
    """Start the worker, and poll in its name once it runs."""
    number = found.number
    starting = asyncio.create_task(found.start())
    while found.number == number or found.process is None:
        await asyncio.sleep(0.01)
    for queue in queues:
        found.polls(queue)
    await starting


async def test_a_worker_is_ready_once_it_polls(tmp_path: Path) -> None:
    async with workers(python(SLEEPS), tmp_path, task_queue="q") as (found, nemesis):
        await polling(found, "other", "q")
        assert found.process is not None
        assert found.process.alive
    told = [(entry.operation, entry.worker) for entry in nemesis.tape]
    assert told[:2] == [("start-worker", 1), ("worker-ready", 1)]
    assert nemesis.tape[1].facts == {"polls": ["other", "q"]}


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("import sys; print('no licence', file=sys.stderr); sys.exit(3)", ["status 3", "no licence"]),
        ("def connect(): raise RuntimeError('no key')\nconnect()", ["status 1", "Traceback", "RuntimeError: no key"]),
        ("import no_such_module", ["status 1", "ModuleNotFoundError", "no_such_module"]),
        ("", ["status 0", "before it polled"]),
    ],
)
async def test_a_worker_that_exits_is_told_with_its_log(tmp_path: Path, script: str, shown: list[str]) -> None:
    async with workers(python(script), tmp_path) as (found, _):
        with pytest.raises(RigError) as raised:
            await found.start()
    for words in shown:
        assert words in str(raised.value)


async def test_a_worker_that_never_polls_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "READY_LIMIT", 1.5)
    async with workers(python(SLEEPS), tmp_path) as (found, _):
        with pytest.raises(RigError, match=r"did not poll within 1\.5 s.*\n  \| here"):
            await found.start()


async def test_a_worker_that_polls_another_queue_is_told_in_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUEUE_LIMIT", 0.5)
    began = time.monotonic()
    async with workers(python(SLEEPS), tmp_path, task_queue="reserch") as (found, _):
        with pytest.raises(UsageError) as raised:
            await polling(found, "research", "billing")
    assert "the worker polls 'billing', 'research', but nobody polls 'reserch' (did you mean 'research'?)" in str(
        raised.value
    )
    assert time.monotonic() - began < 15


async def test_a_command_that_is_not_found_is_told(tmp_path: Path) -> None:
    async with workers("pyhton worker.py", tmp_path) as (found, _):
        with pytest.raises(UsageError, match="pyhton"):
            await found.start()


@pytest.mark.parametrize(("command", "message"), [("", "is empty"), ("  ", "is empty"), ("a 'b", "split into words")])
def test_a_command_that_is_none_is_told(command: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        command_words(command)


async def test_a_program_that_is_worker_and_starter_may_end_well_by_itself(tmp_path: Path) -> None:
    async with workers(python(""), tmp_path, strict=False) as (found, nemesis):
        await found.start()
        await found.exited.wait()
    assert [entry.facts["exit_status"] for entry in acts(nemesis.tape, "worker-exit")] == [0]


async def test_an_exit_that_nobody_asked_for_is_told(tmp_path: Path) -> None:
    async with workers(python(SLEEPS), tmp_path) as (found, nemesis):
        await polling(found, "q")
        assert found.process is not None
        found.process.kill_now()
        await found.exited.wait()
    told = next(acts(nemesis.tape, "worker-exit"))
    assert (told.facts["exit_status"], told.facts["expected"]) == (-9, False)


async def test_a_struck_worker_is_recovered_and_started_again(tmp_path: Path) -> None:
    plan = Plan((Strike("kill-worker", POINT.id),))
    async with workers(python(SLEEPS), tmp_path, plan=plan) as (found, nemesis):
        await polling(found, "q")
        assert found.process is not None
        first = found.process.pid
        struck = Entry(at=0, kind="request", door="wire", operation="One", message=1, worker=1, point=POINT)
        assert await nemesis.meet(struck) == "drop"
        while found.number == 1 or found.process.pid == first:
            await nemesis.changed(timeout=0.1)
        found.polls("q")
        while not list(acts(nemesis.tape, "heal")):
            await nemesis.changed(timeout=0.1)
        assert not psutil.pid_exists(first)
        assert not found.exited.is_set()
        assert found.process.alive
    told = [entry.operation for entry in nemesis.tape if entry.kind == "act"]
    assert told.index("strike") < told.index("recover") < len(told)
    assert told.index("strike") < told.index("heal")
    assert [entry.worker for entry in acts(nemesis.tape, "start-worker")] == [1, 2]
    assert next(acts(nemesis.tape, "worker-exit")).facts == {"exit_status": -9, "expected": True}


CONNECTS = "import socket, sys, time; kept = socket.create_connection(('127.0.0.1', {port})); time.sleep(600)"


async def test_a_connection_is_known_by_the_process_that_owns_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script = CONNECTS.format(port=listening.getsockname()[1])
        async with workers(python(script), tmp_path) as (found, _):
            assert found.sender(1) == 0
            starting = asyncio.create_task(found.start())
            connection, (_, port) = await asyncio.to_thread(listening.accept)
            found.polls("q")
            await starting
            with connection, socket.create_connection(listening.getsockname()) as strange:
                assert found.sender(port) == 1
                assert found.sender(strange.getsockname()[1]) == 0


def test_the_environment_leads_to_the_doors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_DEBUG", "1")
    monkeypatch.setenv("NO_PROXY", "example.com")
    found = environment({"TEMPORAL_ADDRESS": "127.0.0.1:1"})
    assert "TEMPORAL_DEBUG" not in found
    assert found["NO_PROXY"] == "127.0.0.1,localhost"
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert found["TEMPORAL_ADDRESS"] == "127.0.0.1:1"
