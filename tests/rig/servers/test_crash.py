"""What a database held when its server was killed is read from a copy: whole or torn, with what was still buffered."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from harness.records.evidence import Crash, History
from harness.servers.binaries import find_temporal
from harness.servers.crash import copy_and_read, read
from harness.servers.dev import DevServer
from harness.servers.frontend import Frontend

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Dead:
    """The database of a server that was killed, and what the server had said of its runs before."""

    database: Path
    runs: dict[str, History]
    told: dict[str, list[str]]
    at: float


def kinds(crash: Crash, workflow_id: str) -> list[str]:
    history = next(found for found in crash.histories if found.workflow_id == workflow_id)
    return [event["eventType"].removeprefix("EVENT_TYPE_") for event in history.events]


async def begin(frontend: Frontend, workflow_id: str) -> History:
    """Start a workflow on a task queue of its own."""
    started = await frontend.call(
        "StartWorkflowExecution",
        workflow_id=workflow_id,
        request_id=workflow_id,
        workflow_type={"name": "Nobody"},
        task_queue={"name": workflow_id},
        workflow_task_timeout=timedelta(seconds=120),  # what is buffered until then would be in the history afterwards
    )
    return History(workflow_id=workflow_id, run_id=started.run_id, path="Nobody", root=True, events=())


async def signal(frontend: Frontend, run: History, name: str) -> None:
    execution = {"workflow_id": run.workflow_id, "run_id": run.run_id}
    await frontend.call("SignalWorkflowExecution", workflow_execution=execution, signal_name=name)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def dead(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Dead]:
    """Kill a server that has one run with its signals in the history, and one with a signal that is buffered."""
    binary = (await find_temporal()).path
    async with DevServer(binary, folder=tmp_path_factory.mktemp("server")) as server:
        async with Frontend(address=server.address, namespace="default") as frontend:
            runs = {name: await begin(frontend, name) for name in ("waiting", "working")}
            await signal(frontend, runs["waiting"], "go")
            # The workflow task is in a worker's hands from here on: what comes meanwhile is buffered.
            await frontend.call("PollWorkflowTaskQueue", task_queue={"name": "working"}, identity="test")
            await signal(frontend, runs["working"], "late")
            told = {
                name: [
                    event["eventType"].removeprefix("EVENT_TYPE_")
                    for event in await frontend.history(workflow_id=run.workflow_id, run_id=run.run_id)
                ]
                for name, run in runs.items()
            }
        await server.kill()
        yield Dead(server.database, runs, told, time.time())


async def test_the_copy_holds_what_the_server_had_said(dead: Dead, tmp_path: Path) -> None:
    before = dead.database.read_bytes()
    crash = copy_and_read(dead.database, folder=tmp_path / "crash", at=dead.at, runs=dead.runs.values())
    assert (crash.at, crash.integrity) == (dead.at, "ok")
    assert kinds(crash, "waiting") == dead.told["waiting"]
    assert kinds(crash, "waiting") == [
        "WORKFLOW_EXECUTION_STARTED",
        "WORKFLOW_TASK_SCHEDULED",
        "WORKFLOW_EXECUTION_SIGNALED",
    ]
    run = dead.runs["waiting"]
    history = crash.histories[0]
    assert (history.workflow_id, history.run_id, history.path, history.root) == ("waiting", run.run_id, "Nobody", True)
    assert [event["eventId"] for event in history.events] == ["1", "2", "3"]
    assert (tmp_path / "crash" / dead.database.name).is_file()
    assert dead.database.read_bytes() == before


async def test_what_was_not_yet_in_the_history_comes_last(dead: Dead, tmp_path: Path) -> None:
    crash = copy_and_read(dead.database, folder=tmp_path, at=dead.at, runs=[dead.runs["working"]])
    assert [history.workflow_id for history in crash.histories] == ["working"]
    assert "WORKFLOW_EXECUTION_SIGNALED" not in dead.told["working"]
    assert kinds(crash, "working") == [*dead.told["working"], "WORKFLOW_EXECUTION_SIGNALED"]
    buffered = crash.histories[0].events[-1]
    assert buffered["workflowExecutionSignaledEventAttributes"]["signalName"] == "late"


async def test_the_write_ahead_log_belongs_to_the_database(tmp_path: Path) -> None:
    database = tmp_path / "temporal.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=wal")
        connection.execute("CREATE TABLE seen (number)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO seen VALUES (7)")
        connection.commit()  # this is in the log alone
        assert copy_and_read(database, folder=tmp_path / "crash", at=0, runs=[]).integrity == "ok"
    with closing(sqlite3.connect(tmp_path / "crash" / database.name)) as copy:
        assert copy.execute("SELECT number FROM seen").fetchall() == [(7,)]


async def test_a_run_that_the_database_does_not_know_has_no_events(dead: Dead, tmp_path: Path) -> None:
    unknown = History(
        workflow_id="unknown", run_id="00000000-0000-4000-8000-000000000000", path="Nobody", root=True, events=()
    )
    crash = copy_and_read(dead.database, folder=tmp_path, at=dead.at, runs=[unknown])
    assert crash.integrity == "ok"
    assert kinds(crash, "unknown") == []


async def test_a_torn_database_is_told_in_the_words_of_sqlite(dead: Dead, tmp_path: Path) -> None:
    copy_and_read(dead.database, folder=tmp_path, at=dead.at, runs=[])
    database = tmp_path / dead.database.name
    with closing(sqlite3.connect(database)) as connection:  # all in one file
        connection.execute("PRAGMA journal_mode=delete")
    torn = bytearray(database.read_bytes())
    page = int.from_bytes(torn[16:18], "big")
    middle = len(torn) // page // 2
    for number in range(middle, middle + 8):
        torn[number * page : (number + 1) * page] = b"\xff" * page
    database.write_bytes(torn)
    crash = read(database, at=dead.at, runs=[])
    assert crash.integrity != "ok"
    assert "page" in crash.integrity.lower() or "malformed" in crash.integrity


@pytest.mark.parametrize("content", [b"this is no database, only a text", b"SQLite format 3\x00" + b"\x00" * 500])
async def test_what_is_no_database_is_told(dead: Dead, tmp_path: Path, content: bytes) -> None:
    database = tmp_path / "temporal.db"
    database.write_bytes(content)
    crash = copy_and_read(database, folder=tmp_path / "crash", at=3, runs=dead.runs.values())
    assert crash.integrity.startswith("it cannot be read: ")
    assert (crash.at, crash.histories) == (3, ())


async def test_a_database_cut_off_in_the_middle_is_not_ok(dead: Dead, tmp_path: Path) -> None:
    copy_and_read(dead.database, folder=tmp_path, at=dead.at, runs=[])
    database = tmp_path / dead.database.name
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=delete")
    whole = database.read_bytes()
    database.write_bytes(whole[: len(whole) // 2])
    assert read(database, at=0, runs=dead.runs.values()).integrity != "ok"
