"""A worker that does not come up is reported as what it is, in seconds and with the end of its log."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.errors import RigError, UsageError
from harness.processes.command import environment
from harness.records.act_facts import WorkerExited, WorkerOverstayed, WorkerReady
from harness.records.plan import Plan, Strike
from harness.records.point import Point
from harness.records.tape import Entry, acts
from harness.trial import worker
from harness.trial.live_tape import LiveTape
from harness.trial.nemesis import Nemesis
from harness.trial.registry import Tasks, WorkerRegistry
from harness.trial.striking import Striking
from harness.trial.worker import WorkerProcesses
from tests.waiting import until_async

LIMIT = 120.0
SLEEPS = "import sys, time; print('here', file=sys.stderr, flush=True); time.sleep(600)"
NOT_ASKED: Any = object()
POINT = Point(position="before", door="wire", operation="One")


def python(script: str) -> str:
    return shlex.join([sys.executable, "-S", "-c", script])


@asynccontextmanager
async def workers(
    command: str,
    logs: Path,
    *,
    task_queue: str = "",
    tasks: Tasks | None = None,
    strict: bool = True,
    recovers: bool = True,
) -> AsyncIterator[tuple[WorkerProcesses, LiveTape]]:
    tape = LiveTape()

    async def recover(number: int) -> None:
        tape.note("recover", worker=number)
        if not recovers:
            await asyncio.Event().wait()

    async def environment_of(number: int) -> dict[str, str]:
        return environment({"NUMBER": str(number)})

    found = WorkerProcesses(
        WorkerRegistry(),
        command=command,
        environment=environment_of,
        logs=logs,
        tape=tape,
        task_queue=task_queue,
        tasks=tasks,
        recover=recover,
        strict=strict,
    )
    try:
        async with asyncio.timeout(LIMIT):
            yield found, tape
    finally:
        await found.stop()


async def polling(found: WorkerProcesses, *queues: str, tasks: Tasks = "workflow") -> None:
    """Start the worker, and poll in its name once it runs."""
    number = found.registry.number
    starting = asyncio.create_task(found.start())
    while found.registry.number == number or found.registry.process is None:
        await asyncio.sleep(0.01)
    for queue in queues:
        found.registry.polls(queue, tasks=tasks)
    await starting


async def says(found: WorkerProcesses, words: str) -> None:
    """Wait until the running process has written these words."""
    assert found.registry.process is not None
    while words not in found.registry.process.log_tail():
        await asyncio.sleep(0.01)


async def noted(tape: LiveTape, operation: str, *, worker: int = 0) -> Entry:
    """Wait until an act of that name is on the tape, and return it."""
    while True:
        for act in acts(tape.entries, operation):
            if worker in (0, act.worker):
                return act
        await tape.changed(timeout=0.1)


async def test_a_worker_is_ready_once_it_polls(tmp_path: Path) -> None:
    async with workers(python(SLEEPS), tmp_path, task_queue="q") as (found, tape):
        await polling(found, "other", "q")
        assert found.registry.process is not None
        assert found.registry.process.alive
    told = [(entry.operation, entry.worker) for entry in tape.entries]
    assert told[:2] == [("start-worker", 1), ("worker-ready", 1)]
    assert tape.entries[1].facts == WorkerReady(polls=["other", "q"])


async def test_where_no_task_queue_is_named_it_is_ready_once_it_polls_one_for_such_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUEUE_LIMIT", 0.5)
    async with workers(python(SLEEPS), tmp_path, tasks="activity") as (found, _):
        await polling(found, "q", tasks="activity")
        assert (found.registry.queues_for("activity"), found.registry.queues_for("workflow")) == (["q"], [])
        with pytest.raises(UsageError, match=r"polls 'q', but for no activity tasks: does it register an activity\?"):
            await polling(found, "q")


async def test_a_start_that_is_given_up_waits_for_no_timeout(tmp_path: Path) -> None:
    async with workers(python(SLEEPS), tmp_path, recovers=False) as (found, tape):
        await polling(found, "q")
        starting = asyncio.create_task(found.start_again())
        await noted(tape, "start-worker", worker=2)
        await noted(tape, "recover")
        starting.cancel()
        await asyncio.wait({starting}, timeout=LIMIT / 2)
        assert starting.cancelled()


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
    wait_for_start = worker.wait_for_start

    async def once_it_is_here(waits: Any, process: Any, *, limit: float) -> None:
        await until_async(lambda: "here" in process.log_tail())
        await wait_for_start(waits, process, limit=limit)

    monkeypatch.setattr(worker, "wait_for_start", once_it_is_here)
    monkeypatch.setattr(worker, "READY_LIMIT", 0.5)
    async with workers(python(SLEEPS), tmp_path) as (found, _):
        with pytest.raises(RigError, match=r"(?s)did not poll within 0\.5 s.*\n  \| here"):
            await found.start()


async def test_a_worker_that_polls_another_queue_is_told_before_its_time_to_start_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUEUE_LIMIT", 0.5)
    monkeypatch.setattr(worker, "READY_LIMIT", 10 * LIMIT)
    async with workers(python(SLEEPS), tmp_path, task_queue="reserch") as (found, _):
        with pytest.raises(UsageError) as raised:
            await polling(found, "research", "billing")
    assert "the worker polls 'billing', 'research', but nobody polls 'reserch' (did you mean 'research'?)" in str(
        raised.value
    )


async def test_a_command_that_is_not_found_is_told(tmp_path: Path) -> None:
    async with workers("pyhton worker.py", tmp_path) as (found, _):
        with pytest.raises(UsageError, match="pyhton"):
            await found.start()


async def test_a_program_that_is_worker_and_starter_may_end_well_by_itself(tmp_path: Path) -> None:
    async with workers(python(""), tmp_path, strict=False) as (found, tape):
        await found.start()
        await found.exited.wait()
    assert [entry.facts.exit_status for entry in acts(tape.entries, "worker-exit")] == [0]


async def test_an_exit_that_nobody_asked_for_is_told(tmp_path: Path) -> None:
    async with workers(python(SLEEPS), tmp_path) as (found, tape):
        await polling(found, "q")
        assert found.registry.process is not None
        found.registry.process.kill_now()
        await found.exited.wait()
    told = next(acts(tape.entries, "worker-exit"))
    assert (told.facts.exit_status, told.facts.expected) == (-9, False)


async def test_a_struck_worker_is_recovered_and_started_again(tmp_path: Path) -> None:
    plan = Plan((Strike("kill-worker", POINT.id),))
    async with workers(python(SLEEPS), tmp_path) as (found, tape):
        striker: Any = Striking(found, tape=tape, recovery=NOT_ASKED, answers={}, server=NOT_ASKED)
        nemesis = Nemesis(plan, tape=tape, workers=found.registry, striker=striker)
        await polling(found, "q")
        assert found.registry.process is not None
        first = found.registry.process.pid
        struck = Entry(at=0, kind="request", door="wire", operation="One", message=1, worker=1, point=POINT)
        assert await nemesis.decide(struck) == "drop"
        while found.registry.number == 1 or found.registry.process.pid == first:
            await tape.changed(timeout=0.1)
        found.registry.polls("q", tasks="workflow")
        while not list(acts(tape.entries, "heal")):
            await tape.changed(timeout=0.1)
        assert not psutil.pid_exists(first)
        assert not found.exited.is_set()
        assert found.registry.process.alive
    told = [entry.operation for entry in tape.entries if entry.kind == "act"]
    assert told.index("strike") < told.index("recover") < len(told)
    assert told.index("strike") < told.index("heal")
    assert [entry.worker for entry in acts(tape.entries, "start-worker")] == [1, 2]
    assert next(acts(tape.entries, "worker-exit")).facts == WorkerExited(exit_status=-9, expected=True)


async def test_each_process_has_the_environment_of_its_number(tmp_path: Path) -> None:
    script = "import os, sys, time; print('number', os.environ['NUMBER'], file=sys.stderr, flush=True); time.sleep(600)"
    async with workers(python(script), tmp_path) as (found, _):
        await polling(found, "q")
        await says(found, "number 1")
        found.registry.kill_now()
        await polling(found, "q")
        await says(found, "number 2")


GRACEFUL = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('here', file=sys.stderr, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('here', file=sys.stderr, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(("script", "status"), [(GRACEFUL, 0), (SLEEPS, -15)], ids=["in its own way", "at once"])
async def test_the_next_process_is_started_when_the_one_asked_to_end_has_ended(
    tmp_path: Path, script: str, status: int
) -> None:
    async with workers(python(script), tmp_path) as (found, tape):
        await polling(found, "q")
        await says(found, "here")
        first = found.registry.process
        assert first is not None
        found.registry.terminate_now()
        starting = asyncio.create_task(found.start_after_end(limit=LIMIT))
        told = await noted(tape, "start-worker", worker=2)
        assert not first.alive
        found.registry.polls("q", tasks="workflow")
        await starting
        assert not found.exited.is_set()
    ended = next(acts(tape.entries, "worker-exit"))
    assert ended.facts == WorkerExited(exit_status=status, expected=True)
    assert tape.entries.index(ended) < tape.entries.index(told)
    assert [each.worker for each in acts(tape.entries, "recover")] == [1]
    assert list(acts(tape.entries, "worker-overstayed")) == []
    assert found.registry.died(1)


async def test_a_process_that_overstays_is_killed_and_the_tape_says_so(tmp_path: Path) -> None:
    async with workers(python(STUBBORN), tmp_path) as (found, tape):
        await polling(found, "q")
        await says(found, "here")
        found.registry.terminate_now()
        starting = asyncio.create_task(found.start_after_end(limit=0.3))
        await noted(tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await starting
    told = [(each.operation, each.worker) for each in tape.entries]
    assert told.index(("worker-overstayed", 1)) < told.index(("worker-exit", 1)) < told.index(("start-worker", 2))
    assert next(acts(tape.entries, "worker-overstayed")).facts == WorkerOverstayed(limit=0.3)
    assert next(acts(tape.entries, "worker-exit")).facts == WorkerExited(exit_status=-9, expected=True)


async def test_a_process_asked_to_end_may_exit_before_it_has_polled(tmp_path: Path) -> None:
    async with workers(python(GRACEFUL), tmp_path) as (found, tape):
        starting = asyncio.create_task(found.start())
        await noted(tape, "start-worker")
        await says(found, "here")
        found.registry.terminate_now()
        await starting
    assert list(acts(tape.entries, "worker-ready")) == []


async def test_the_next_process_is_started_beside_one_that_is_stopped(tmp_path: Path) -> None:
    async with workers(python(SLEEPS), tmp_path) as (found, tape):
        await polling(found, "q")
        await says(found, "here")
        assert found.registry.process is not None
        zombie = psutil.Process(found.registry.process.pid)
        assert found.registry.pause_now() == 1
        assert (found.registry.is_zombie(1), found.registry.is_zombie(2)) == (True, False)
        while zombie.status() != psutil.STATUS_STOPPED:
            await asyncio.sleep(0.01)
        starting = asyncio.create_task(found.start_beside(1))
        await noted(tape, "start-worker", worker=2)
        found.registry.polls("q", tasks="workflow")
        await starting
        assert zombie.status() == psutil.STATUS_STOPPED
        found.registry.continue_now(1)
        while zombie.status() == psutil.STATUS_STOPPED:
            await asyncio.sleep(0.01)
        zombie.kill()
        told = await noted(tape, "worker-exit", worker=1)
        assert told.facts.expected
        assert not found.exited.is_set()
        assert found.registry.process.alive
    assert [each.worker for each in acts(tape.entries, "recover")] == [1]
