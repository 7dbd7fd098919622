from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import re
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.errors import RigError
from harness.histories import reading_pool
from harness.histories.files import HistoryFile, history_files
from harness.histories.formats import load
from harness.histories.reading_pool import read_histories
from harness.histories.stored_history import StoredHistory, read_stored
from harness.processes.child_channel import ChildChannel
from tests import TESTS
from tests.children import running
from tests.waiting import until_async

RECORDED = TESTS / "replay" / "histories"
GREETING = RECORDED / "Greeting-run.json"
MIB = 2**20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prepared").mkdir()
    return tmp_path / "prepared"


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.fixture
def in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every file read by a process of its own pool."""
    monkeypatch.setattr(reading_pool, "_SMALL_FILES", -1)


def files(*paths: Path, **more: Any) -> list[HistoryFile]:
    return [HistoryFile(path=path, shown=path.name, **more) for path in paths]


async def all_of(found: Sequence[HistoryFile], folder: Path, **more: Any) -> list[StoredHistory]:
    return [each async for each in read_histories(found, folder=folder, **more)]


def large(file: Path, *, size: int, payload: int = 1000) -> Path:
    """Write a history of many signals, ``size`` bytes or a little more."""
    events = json.loads(GREETING.read_text())["events"][:1]
    kind = "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"
    signaled = {"input": {"payloads": [{"data": "QUFB" * (payload // 4)}]}}
    written = 0
    with file.open("w") as out:
        out.write('{"events": [' + json.dumps(events[0]))
        for number in range(2, size):
            event = {"eventId": str(number), "eventType": kind, "workflowExecutionSignaledEventAttributes": signaled}
            written += out.write(",\n" + json.dumps(event))
            if written >= size:
                break
        out.write("]}")
    return file


async def test_what_is_told_of_a_history(folder: Path) -> None:
    (found,) = await all_of(files(GREETING, trial="t1"), folder)
    assert found.binary is not None
    assert read_stored(found.binary) == load(GREETING).history
    assert found == StoredHistory(
        file=HistoryFile(path=GREETING, shown="Greeting-run.json", trial="t1"),
        binary=folder / "000000.pb",
        workflow_id="Greeting-run",
        workflow_id_known=True,
        run_id="01a200b9-73de-7e9e-8225-d27c7ec99f15",
        workflow="Greeting",
        task_queue="q",
        events=22,
        tasks=4,
        closed=True,
        content=hashlib.sha256(found.binary.read_bytes()).hexdigest(),
    )


async def test_processes_tell_the_same(folder: Path, in_processes: None) -> None:
    found = files(*sorted(RECORDED.glob("*.json")), workflow_id="given")
    there = await all_of(found, folder, jobs=2)
    assert [each.file for each in there] == found
    assert {each.workflow_id for each in there} == {"given"}
    binaries = [each.binary.read_bytes() for each in there if each.binary]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_pool, "_SMALL_FILES", MIB)
        assert await all_of(found, folder) == there
    assert [each.binary.read_bytes() for each in there if each.binary] == binaries


async def test_open_run(folder: Path, tmp_path: Path) -> None:
    events = json.loads(GREETING.read_text())["events"]
    (tmp_path / "open.json").write_text(json.dumps(events[:7]))
    (found,) = await all_of(files(tmp_path / "open.json"), folder)
    assert (found.closed, found.events) == (False, 7)
    same, other = await all_of(files(tmp_path / "open.json", GREETING), folder)
    assert same.content == found.content != other.content


def bad_files(folder: Path) -> list[Path]:
    text = GREETING.read_bytes()
    bad = {
        "truncated.json": text[:3000],
        "other.json": b'{"name": "x"}',
        "empty.json": b"",
        "nested.json": b'{"events": ' + b"[" * 100_000,
        "words.json": b"words",
        "cut.json.gz": gzip.compress(text)[:700],
        "bomb.json.gz": gzip.compress(b"[" * 64 * MIB),
        "binary.pb": bytes(range(256)),
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in (*bad, "none.json")]


@pytest.mark.parametrize("small", [-1, 8 * MIB])
async def test_bad_files_fail_alone(folder: Path, tmp_path: Path, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pool, "_SMALL_FILES", small)
    paths = [path for bad in bad_files(tmp_path) for path in (bad, GREETING)]
    found = await all_of(files(*paths), folder, largest=32 * MIB, jobs=2)
    assert [each.file.path for each in found] == paths
    for bad, good in zip(found[::2], found[1::2], strict=True):
        assert re.search(rf"^(cannot read )?{bad.file.shown}\b.*", bad.failure)
        assert (bad.binary, bad.events, bad.content) == (None, 0, "")
        assert (good.failure, good.events) == ("", 22)
    assert sum("--largest" in each.failure for each in found) == 1
    assert sorted(each.name for each in folder.glob("*.pb")) == [f"{n:06}.pb" for n in range(1, len(paths), 2)]


async def test_a_file_that_is_too_much_for_this_process_is_read_by_another(folder: Path, tmp_path: Path) -> None:
    big = large(tmp_path / "big.json", size=6 * MIB)
    found = await all_of(files(GREETING, big, GREETING), folder)
    assert [each.failure for each in found] == ["", "", ""]
    assert found[1].events > 4000
    assert (folder / "reading.log").exists()


async def test_memory_is_bounded(folder: Path, tmp_path: Path) -> None:
    big = large(tmp_path / "big.json", size=60 * MIB)
    found = await all_of(files(big, GREETING), folder, jobs=1, memory=130 * MIB)
    assert found[0].failure == "big.json takes more memory than the reading of one history may"
    assert (found[1].failure, found[1].events) == ("", 22)


def readers() -> list[psutil.Process]:
    """Return the processes that read histories; whatever else this one has started is not looked at."""
    return running("harness.histories.reading")


@contextlib.contextmanager
def held_back(path: Path) -> Iterator[list[int]]:
    """Let nobody else open a copy of the greeting; yield a list that has an entry as soon as somebody waits for it.

    The kernel makes them wait for the one who has a lease on the file, and signals that (``man 2 fcntl``).
    """
    waiting: list[int] = []
    path.write_bytes(GREETING.read_bytes())
    before = signal.signal(signal.SIGIO, lambda number, _: waiting.append(number))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield waiting
    finally:
        os.close(descriptor)
        signal.signal(signal.SIGIO, before)


async def test_time_is_bounded(
    folder: Path, tmp_path: Path, in_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, ask = tmp_path / "slow.json", ChildChannel.ask

    async def patient_with_others(channel: ChildChannel, message: bytes, *, limit: float) -> bytes:
        return await ask(channel, message, limit=limit if slow.name.encode() in message else 200)

    monkeypatch.setattr(ChildChannel, "ask", patient_with_others)
    with held_back(slow):
        found = await all_of(files(GREETING, slow, GREETING), folder, jobs=1, time_limit=0.5)
    assert [each.failure for each in found] == ["", "the reading of slow.json took longer than 0.5 s", ""]


async def test_a_process_that_is_killed_fails_one_file(folder: Path, tmp_path: Path, in_processes: None) -> None:
    slow = tmp_path / "slow.json"
    with held_back(slow) as waiting:
        reading = asyncio.create_task(all_of(files(GREETING, slow, GREETING), folder, jobs=1))
        await until_async(lambda: waiting)
        (child,) = readers()
        os.kill(child.pid, signal.SIGKILL)
        found = await reading
    told = "the process that read slow.json ended over it (killed by SIGKILL)"
    assert [each.failure for each in found] == ["", told, ""]


async def test_processes_are_gone_when_the_rest_is_not_wanted(folder: Path, in_processes: None) -> None:
    async with contextlib.aclosing(read_histories(files(*[GREETING] * 200), folder=folder, jobs=2)) as found:
        async for each in found:
            assert each.events == 22
            break
    assert readers() == []


async def test_names_that_are_too_long(folder: Path, tmp_path: Path, in_processes: None) -> None:
    events = json.loads(GREETING.read_text())["events"]
    (tmp_path / "long.json").write_text(json.dumps({"workflowId": "x" * 2 * MIB, "events": events}))
    found = await all_of(files(tmp_path / "long.json", GREETING), folder, jobs=1)
    assert [each.failure for each in found] == ["long.json has names that are too long", ""]


@pytest.mark.parametrize("small", [-1, 8 * MIB])
async def test_a_folder_that_takes_nothing(tmp_path: Path, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pool, "_SMALL_FILES", small)
    with pytest.raises(RigError, match=r"cannot write .*none|did not start"):
        await all_of(files(GREETING), tmp_path / "none")


def test_a_binary_file_that_is_gone_or_changed(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="cannot be read"):
        read_stored(tmp_path / "000000.pb")
    (tmp_path / "000000.pb").write_bytes(b"\xff\xff")
    with pytest.raises(RigError, match="cannot be read"):
        read_stored(tmp_path / "000000.pb")


async def test_no_file(folder: Path) -> None:
    assert await all_of([], folder) == []


async def test_a_thousand_copies(folder: Path, tmp_path: Path) -> None:
    text = (RECORDED / "AllCommands-run.json").read_bytes()
    (tmp_path / "copies").mkdir()
    for number in range(1000):
        (tmp_path / "copies" / f"{number:04}.json").write_bytes(text)
    found = history_files(["copies"], cwd=tmp_path)
    before = psutil.Process().memory_info().rss
    there = await all_of(found, folder)
    assert psutil.Process().memory_info().rss - before < 50 * MIB
    assert [each.file for each in there] == list(found)
    assert {(each.failure, each.events) for each in there} == {("", 62)}
    assert len({each.content for each in there}) == 1
    assert len({each.binary for each in there}) == 1000
