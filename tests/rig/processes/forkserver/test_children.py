"""A child process of crashproof's own is forked from the second on, and is what a start of its own makes it."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.processes.child_channel import ChildChannel, NoAnswerError
from harness.processes.command import environment
from harness.processes.forkserver.children import ChildForks
from harness.processes.forkserver.pool import SEEDS
from tests.rig.processes.forkserver.conftest import Forking
from tests.waiting import until

CHILD = "tests.rig.processes.answering_child"
LIMIT = 60.0


@pytest.fixture
async def forks(tmp_path: Path) -> AsyncIterator[ChildForks]:
    forks = ChildForks(logs=tmp_path / "fork servers")
    yield forks
    await forks.close()


class Children:
    """Starts child processes in a folder."""

    def __init__(self, forks: ChildForks, folder: Path) -> None:
        self._forks = forks
        self._folder = folder

    def channel(self, *, own: tuple[str, ...] = (), env: Mapping[str, str] | None = None) -> ChildChannel:
        where: dict[str, Any] = {"log": self._folder / "child.log", "cwd": self._folder, "environment": env}
        where["environment"] = environment({"PYTHONHASHSEED": "7", "TZ": "XST-14", **(env or {})})
        fork = functools.partial(self._forks.fork, imports=("harness.processes.child_channel",), own=own, **where)
        return ChildChannel(CHILD, memory=512 * 1024**2, fork=fork, **where)


@pytest.fixture
def children(forks: ChildForks, tmp_path: Path) -> Children:
    return Children(forks, tmp_path)


async def seen_by(channel: ChildChannel, *asked: bytes) -> list[bytes]:
    """Return what a child answers, from its start to its end."""
    await channel.start()
    try:
        return [await channel.ask(each, limit=LIMIT) for each in asked]
    finally:
        await channel.stop()


def is_forked(channel: ChildChannel) -> bool:
    return any("forkserver/child.py" in word for word in psutil.Process(channel.pid).cmdline())


async def test_a_forked_child_sees_what_the_first_one_saw_and_imports_modules_of_users_itself(
    children: Children, tmp_path: Path
) -> None:
    source = "import os, wave\nwith open('imported', 'a') as file:\n    print(os.getpid(), file=file)\n"
    (tmp_path / "users_own.py").write_text(source)
    asked = (b"see", b"import users_own", b"loaded wave", b"random")
    cold = await seen_by(children.channel(), *asked)
    first = await seen_by(children.channel(), *asked)
    second = await seen_by(children.channel(), b"loaded wave", b"loaded users_own", *asked)
    assert cold[:3] == first[:3] == second[2:5]
    assert first[3] != second[5]
    assert second[:2] == [b"True", b"False"]
    assert len(set((tmp_path / "imported").read_text().split())) == 3


async def test_where_more_are_known_to_be_needed_the_first_is_forked_too(tmp_path: Path) -> None:
    forks = ChildForks(logs=tmp_path / "fork servers", many=True)
    channel = Children(forks, tmp_path).channel()
    try:
        await channel.start()
        assert is_forked(channel)
    finally:
        await channel.stop()
        await forks.close()


async def test_each_environment_has_processes_of_its_own_and_so_has_a_folder_that_hides_what_was_imported(
    children: Children, tmp_path: Path
) -> None:
    channels = [children.channel(), children.channel(), children.channel(env={"PYTHONHASHSEED": "8"})]
    for channel in channels:
        await channel.start()
    (tmp_path / "socket.py").touch()
    channels.append(children.channel())
    await channels[-1].start()
    assert [is_forked(channel) for channel in channels] == [False, True, False, False]
    for channel in channels:
        await channel.stop()


async def test_a_forked_child_ends_with_its_status_is_killed_whole_and_may_have_no_more_memory_than_allowed(
    children: Children,
) -> None:
    await seen_by(children.channel(), b"see")
    channel = children.channel()
    with pytest.raises(NoAnswerError) as raised:
        await seen_by(channel, b"end 7")
    assert (raised.value.why, raised.value.status) == ("ended", 7)
    with pytest.raises(NoAnswerError):
        await seen_by(channel, b"take %d" % 1024**3)
    assert "MemoryError" in channel.log_tail()
    await channel.start()
    assert is_forked(channel)
    below = psutil.Process(int(await channel.ask(b"start", limit=LIMIT)))
    await channel.stop()
    until(lambda: not below.is_running())


async def test_the_fork_server_that_is_gone_is_done_without(children: Children, forks: ChildForks) -> None:
    await seen_by(children.channel(), b"see")
    channel = children.channel()
    await channel.start()
    keeper = psutil.Process(channel.pid).parent()
    assert keeper
    fork_server = keeper.parent()
    assert fork_server
    fork_server.kill()
    assert await channel.ask(b"loaded json", limit=LIMIT) == b"True"
    await channel.stop()
    again = children.channel()
    await again.start()
    assert not is_forked(again)
    await again.stop()


async def test_a_child_is_forked_beside_a_worker_as_one_that_starts_by_itself_and_teaches_it_nothing(
    project: Path, forking: Forking
) -> None:
    (project / "worker.py").write_text("import wave\n")
    await forking.fork_servers.warm(("python", "worker.py"), env=forking.env)
    forks = ChildForks(logs=forking.logs, workers=forking.fork_servers)

    async def seen(*asked: bytes, seed: str, worker: str, own: tuple[str, ...] = (), **env: str) -> list[bytes]:
        where: dict[str, Any] = {"log": project / "child.log", "cwd": project}
        where["environment"] = {**forking.env, "PYTHONHASHSEED": seed, "TZ": "XST+11", "LC_ALL": "C.UTF-8", **env}
        fork = functools.partial(forks.fork, imports=("json",), own=own, worker=worker, **where)
        channel = ChildChannel(CHILD, fork=fork, **where)
        return [*await seen_by(channel, b"loaded wave", *asked)]

    asked = (b"see", b"loaded colorsys", b"import colorsys")
    for seed in SEEDS:
        is_forked, *forked = await seen(*asked, seed=seed, worker="python worker.py")
        _, *cold = await seen(*asked, seed=seed, worker="python another.py")
        assert is_forked == b"True"
        forked_saw, cold_saw = (json.loads(each[0]) for each in (forked, cold))
        assert forked_saw | {"flags": ""} == cold_saw | {"flags": ""}
        assert forked[1:] == cold[1:] == [b"False", b"colorsys"]
    beside: dict[str, Any] = {"worker": "python worker.py", "seed": SEEDS[0]}
    assert await seen(b"loaded colorsys", **beside) == [b"True", b"False"]
    assert await seen(**{**beside, "seed": "7"}) == [b"False"]
    assert await seen(**beside, own=("wave",)) == [b"False"]
    assert await seen(**beside, PYTHONOPTIMIZE="1") == [b"False"]
    assert await seen(**beside, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0") == [b"False"]
    await forks.close()
