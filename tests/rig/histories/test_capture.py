"""A folder of captured histories is filled once, goes on where it stopped, and loses nothing that was in it."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError

from harness.doors.decision import Decision, Refusal
from harness.errors import RigError, UsageError
from harness.histories import capture as capturing
from harness.histories import formats as histories
from harness.histories.capture import CaptureRequest, capture
from harness.histories.capture_folder import INDEX, CaptureFolder, file_name, read_index
from harness.histories.choosing import Candidate
from harness.histories.cluster import Cluster
from harness.records.capture_result import CapturedHistory, CaptureResult
from harness.records.tape import Entry
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.wire import wire_door

SLOT = "slot-1"
QUEUE = "it's"
LIMIT = 120.0
READING = {
    "GetSystemInfo",
    "ListWorkflowExecutions",
    "DescribeWorkflowExecution",
    "GetWorkflowExecutionHistory",
}
HISTORY = "GetWorkflowExecutionHistory"
ENTRY = CapturedHistory(
    file="",
    workflow_id="a/b",
    run_id="r1",
    workflow_type="Pay",
    status="COMPLETED",
    open=False,
    task_queue="q",
    namespace="n",
    server_version="1",
    started="",
    closed="",
    events=1,
    sha256="",
    scrubbed=False,
    why=("newest",),
    adds=("a",),
)
EVENTS = [{"eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"}]
OTHERS = [{**EVENTS[0], "taskId": "9"}]
ENDED = Candidate(workflow_id="a/b", run_id="r1", workflow_type="Pay", status="COMPLETED")


def test_a_history_and_its_entry_are_kept_and_found_again(tmp_path: Path) -> None:
    captures = CaptureFolder(tmp_path / "h")
    done, entry = captures.keep(ENTRY, EVENTS)
    captures.flush()
    assert (done, entry.file) == ("new", "a%2Fb.r1.json")
    assert json.loads((tmp_path / "h" / entry.file).read_text()) == {"events": EVENTS}
    again = CaptureFolder(tmp_path / "h")
    assert again.captured == (entry,)
    assert again.is_done(ENDED, scrubbed=False)
    assert not again.is_done(ENDED, scrubbed=True)
    assert again.keep(ENTRY, EVENTS)[0] == "same"


@pytest.mark.parametrize("compress", [False, True])
def test_another_content_is_written_over_only_if_that_is_asked_for(tmp_path: Path, compress: bool) -> None:
    _, entry = CaptureFolder(tmp_path, compress=compress).keep(ENTRY, EVENTS)
    kept = (tmp_path / entry.file).read_bytes()
    assert CaptureFolder(tmp_path).keep(ENTRY, OTHERS)[0] == "changed"
    assert (tmp_path / entry.file).read_bytes() == kept
    assert CaptureFolder(tmp_path, overwrite=True).keep(ENTRY, OTHERS)[0] == "replaced"
    written = (tmp_path / entry.file).read_bytes()
    assert json.loads(gzip.decompress(written) if compress else written) == {"events": OTHERS}
    assert [path.name for path in tmp_path.iterdir() if path.name != INDEX] == [entry.file]


def test_a_file_that_was_changed_is_not_taken_for_what_was_captured(tmp_path: Path) -> None:
    captures = CaptureFolder(tmp_path)
    _, entry = captures.keep(ENTRY, EVENTS)
    (tmp_path / entry.file).write_text("{")
    assert not captures.is_done(ENDED, scrubbed=False)
    assert captures.keep(ENTRY, EVENTS)[0] == "changed"


def test_an_open_execution_is_read_again_and_is_not_passed_over_for_ever(tmp_path: Path) -> None:
    captures, running = CaptureFolder(tmp_path), replace(ENDED, status="RUNNING")
    captures.keep(replace(ENTRY, open=True, status="RUNNING"), EVENTS)
    assert not captures.is_done(running, scrubbed=False)
    captures.pass_over(running)
    assert not captures.was_passed_over(running)
    captures.pass_over(ENDED)
    captures.flush()
    assert CaptureFolder(tmp_path).was_passed_over(ENDED)


def test_why_it_was_taken_first_stays(tmp_path: Path) -> None:
    captures = CaptureFolder(tmp_path)
    captures.keep(ENTRY, EVENTS)
    _, entry = captures.keep(replace(ENTRY, why=("asked for",), adds=("b",)), EVENTS)
    assert (entry.why, entry.adds) == (("newest",), ("a", "b"))


def test_a_long_id_makes_a_name_that_every_disk_takes() -> None:
    name = file_name("ü/" * 400, run_id="0" * 36)
    assert len(name) < 200
    assert not name.split(".")[0].endswith(("%", "%C", "%2"))
    assert file_name("ü/" * 400, run_id="1" * 36) != name


def test_what_is_no_folder_or_no_index_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file is a file; give the folder"):
        CaptureFolder(tmp_path / "file")
    (tmp_path / INDEX).write_text("[]")
    with pytest.raises(UsageError, match=r"captured\.json is no index of captured histories"):
        CaptureFolder(tmp_path)


class Counting:
    """Lets every call pass and counts it; refuses or holds those for which it is told to."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.refuse: Callable[[Entry], Decision | Awaitable[Decision]] = lambda entry: "go"

    async def __call__(self, entry: Entry) -> Decision:
        if entry.kind != "request":
            return "go"
        self.calls[entry.operation] += 1
        decided = self.refuse(entry)
        return await decided if isinstance(decided, Awaitable) else decided


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    """A server with six executions of one type that ended alike, one of them signalled, and an open one of another."""
    binary = (await find_temporal()).path
    async with DevServer(binary, folder=tmp_path_factory.mktemp("server"), namespaces=[SLOT]) as server:
        client = await Client.connect(server.address, namespace=SLOT)
        for number in range(6):
            handle = await client.start_workflow("Pay", {"name": "canary"}, id=f"pay/{number}", task_queue=QUEUE)
            if number == 2:
                await handle.signal("resume", "canary")
            await handle.terminate("canary")
        await client.start_workflow("Wait", id="waiting", task_queue=QUEUE)
        await _until_listed(Cluster(client), 7)
        yield server


async def _until_listed(cluster: Cluster, count: int) -> None:
    async with asyncio.timeout(LIMIT):
        while True:
            found, _ = await cluster.listed("", at_most=100)
            if len(found) == count and sum(one.is_open for one in found) == 1:
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def door(server: DevServer, counting: Counting) -> AsyncIterator[Client]:
    async with wire_door(server.address, namespace=SLOT, decide=counting, worker=0) as proxy:
        yield await Client.connect(proxy.address)


def names(caught: CaptureResult, kind: Any) -> list[str]:
    return [captured.workflow_id for captured in caught.of(kind)]


ALL = CaptureRequest(query="TaskQueue = 'it\\'s'")
rig = pytest.mark.asyncio(loop_scope="module")


class TestAgainstAServer:
    pytestmark = rig

    async def test_few_cover_all_only_reading_calls_are_made_and_the_next_time_next_to_none(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        counting = Counting()
        async with door(server, counting) as client:
            caught = await capture(Cluster(client), CaptureFolder(tmp_path), wanted=ALL)
            assert set(names(caught, "new")) == {"pay/5", "pay/2", "pay/0", "waiting"}
            assert (caught.listed, caught.read, caught.passed_over) == (7, 7, 3)
            assert counting.calls.keys() <= READING
            assert counting.calls[HISTORY] == 7
            again = await capture(Cluster(client), CaptureFolder(tmp_path), wanted=ALL)
        assert counting.calls.keys() <= READING
        assert counting.calls[HISTORY] == 8, "the open one alone is read again"
        assert set(names(again, "same")) == {"pay/5", "pay/2", "pay/0", "waiting"}

    async def test_what_is_captured_is_temporals_own_json_and_the_index_tells_of_it(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        client = await Client.connect(server.address, namespace=SLOT)
        await capture(Cluster(client), CaptureFolder(tmp_path), wanted=ALL)
        index = {each.workflow_id: each for each in read_index(tmp_path).captured}
        entry = index["pay/2"]
        assert (entry.workflow_type, entry.status, entry.open, entry.namespace) == ("Pay", "TERMINATED", False, SLOT)
        assert (entry.task_queue, entry.why, bool(entry.server_version)) == (QUEUE, ("longest",), True)
        assert "WORKFLOW_EXECUTION_SIGNALED resume" in entry.adds
        assert (index["waiting"].open, index["waiting"].status, index["waiting"].closed) == (True, "RUNNING", "")
        kept = tmp_path / entry.file
        theirs = await client.get_workflow_handle("pay/2").fetch_history()
        assert WorkflowHistory.from_json("pay/2", kept.read_text()).events == theirs.events
        assert histories.load(kept).workflow_id == "pay/2"

    async def test_scrubbed_ones_hold_nothing_of_a_users_and_equal_stays_equal(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        client = await Client.connect(server.address, namespace=SLOT)
        for folder in ("one", "two"):
            caught = await capture(Cluster(client), CaptureFolder(tmp_path / folder), wanted=ALL, scrub_key=b"k")
        assert caught.replaced["input"] == 4, "three arguments and that of the signal"
        one, two = ({path.name: path.read_text() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
        assert one == two
        recorded = json.dumps(
            [WorkflowHistory.from_json("x", text).to_json() for text in one.values() if 'events": [' in text]
        )
        assert "canary" not in recorded

    async def test_a_busy_cluster_is_asked_again_and_one_that_stays_so_is_given_up_with_what_is_there(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        counting, told, numbers = Counting(), [], itertools.count()
        counting.refuse = lambda entry: (
            Refusal("RESOURCE_EXHAUSTED", "too fast") if entry.operation == HISTORY and next(numbers) % 2 else "go"
        )
        async with door(server, counting) as client:
            caught = await capture(Cluster(client, tell=told.append), CaptureFolder(tmp_path / "a"), wanted=ALL)
            assert len(caught.kept) == 4
            assert "RESOURCE_EXHAUSTED: too fast; trying again in 0.25 s" in told
            counting.refuse = lambda entry: (
                Refusal("UNAVAILABLE", "away") if entry.operation == HISTORY and next(numbers) % 3 else "go"
            )
            with pytest.raises(RigError, match=r"did not answer within 0\.1 s: UNAVAILABLE: away; run the same"):
                await capture(Cluster(client, patience=0.1), CaptureFolder(tmp_path / "b"), wanted=ALL)

    async def test_an_interrupted_capture_keeps_what_is_complete_and_goes_on_there(
        self, server: DevServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(capturing, "IN_FLIGHT", 1)
        counting, numbers, held = Counting(), itertools.count(1), asyncio.Event()

        async def hold() -> Decision:
            held.set()
            await asyncio.Event().wait()
            return "go"

        counting.refuse = lambda entry: hold() if entry.operation == HISTORY and next(numbers) > 2 else "go"
        async with door(server, counting) as client:
            first = asyncio.create_task(capture(Cluster(client), CaptureFolder(tmp_path), wanted=ALL))
            async with asyncio.timeout(LIMIT):
                await held.wait()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            there = read_index(tmp_path).captured
            assert [each.workflow_id for each in there] == ["pay/5", "waiting"]
            assert {each.file for each in there} == {path.name for path in tmp_path.iterdir()} - {INDEX}
            counting.refuse = lambda entry: "go"
            caught = await capture(Cluster(client), CaptureFolder(tmp_path), wanted=ALL)
        assert len(caught.kept) == 4
        assert set(names(caught, "same")) == {"pay/5", "waiting"}

    async def test_the_limit_counts_what_the_query_lists_and_named_ones_have_none(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        cluster = Cluster(await Client.connect(server.address, namespace=SLOT))
        few = await capture(cluster, CaptureFolder(tmp_path), wanted=replace(ALL, limit=2))
        assert (names(few, "new"), few.left) == (["waiting", "pay/5"], 5)
        named = CaptureRequest(executions=(("pay/5", ""), ("pay/1", ""), ("none", ""), ("pay/1", "0" * 8)), limit=1)
        with pytest.raises(UsageError, match="Invalid RunId"):
            await capture(cluster, CaptureFolder(tmp_path), wanted=named)
        caught = await capture(cluster, CaptureFolder(tmp_path), wanted=replace(named, executions=named.executions[:3]))
        assert (names(caught, "same"), names(caught, "new"), caught.gone) == (["pay/5"], ["pay/1"], ["none"])
        everything = await capture(cluster, CaptureFolder(tmp_path), wanted=replace(ALL, everything=True))
        assert len(everything.kept) == 7
        some = await capture(cluster, CaptureFolder(tmp_path / "some"), wanted=replace(ALL, candidates=3))
        assert (some.listed, some.more) == (3, True)

    @pytest.mark.parametrize(
        ("code", "kind", "message"),
        [
            ("PERMISSION_DENIED", RigError, "refuses to let these credentials read namespace 'default': no"),
            ("INVALID_ARGUMENT", UsageError, "does not take the query"),
            ("INTERNAL", RigError, "the cluster failed: INTERNAL: no"),
        ],
    )
    async def test_a_refusal_is_told(
        self, server: DevServer, tmp_path: Path, code: str, kind: type[Exception], message: str
    ) -> None:
        counting = Counting()
        counting.refuse = lambda entry: Refusal(code, "no") if entry.operation.startswith("List") else "go"
        async with door(server, counting) as client:
            with pytest.raises(kind, match=message):
                await capture(Cluster(client), CaptureFolder(tmp_path), wanted=ALL)

    async def test_one_that_is_gone_meanwhile_is_told_and_the_others_are_captured(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        counting = Counting()
        counting.refuse = lambda entry: (
            Refusal("NOT_FOUND", "gone") if entry.operation == HISTORY and not counting.calls[HISTORY] > 1 else "go"
        )
        async with door(server, counting) as client:
            caught = await capture(Cluster(client), CaptureFolder(tmp_path), wanted=ALL)
            assert len(caught.gone) == 1
            assert len(caught.kept) >= 3
            with pytest.raises(RPCError):
                await client.get_workflow_handle("none").describe()
