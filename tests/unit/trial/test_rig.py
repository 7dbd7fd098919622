"""Messages of the shared HTTP doors go to the trial whose slot they came by."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.doors.decision import Decision
from harness.doors.http.channel import Notice
from harness.doors.http.doors import HttpMessage
from harness.errors import KilledError
from harness.records.act_facts import DoorNotice
from harness.records.scenario import Scenario
from harness.records.scenario import start as work_of
from harness.servers.candidates import Binary
from harness.trial.live_tape import LiveTape
from harness.trial.rig import HttpRoutes, Rig, Slot
from tests.waiting import LIMIT


def message(slot: str) -> HttpMessage:
    what: dict[str, Any] = {"door": "effect", "operation": "pay", "number": 1, "position": "before"}
    return HttpMessage(slot=slot, worker=1, method="POST", path="/pay", **what)


async def let_go(message: HttpMessage) -> Decision:
    return "go"


async def test_each_slot_has_its_own_decider_as_long_as_it_is_led_there() -> None:
    routes, tape = HttpRoutes(), LiveTape()
    with routes.leading("a", decide=let_go, note=tape.note):
        assert await routes.decide(message("a")) == "go"
        assert await routes.decide(message("b")) == "drop"
    assert await routes.decide(message("a")) == "drop"


def test_a_notice_is_on_the_tape_of_the_trial_that_it_is_about() -> None:
    routes, tape = HttpRoutes(), LiveTape()
    with routes.leading("a", decide=let_go, note=tape.note):
        routes.notice(Notice("a", "no such path"))
        routes.notice(Notice("b", "another one's"))
        routes.notice(Notice("", "nobody's"))
    assert [(entry.operation, entry.facts) for entry in tape.entries] == [
        ("notice", DoorNotice(text="no such path", unserved=True))
    ]


@pytest.mark.parametrize(("forks", "cold"), [(True, [True, True, False, True, True]), (False, [True] * 5)])
def test_of_the_scenarios_of_one_program_in_one_environment_the_first_shows_its_cold_start(
    tmp_path: Path, forks: bool, cold: list[bool]
) -> None:
    rig = Rig(binary=Binary(path=tmp_path / "temporal", version="", sha256="", source=""), folder=tmp_path, forks=forks)
    first = Scenario(name="first", worker="python worker.py", work=work_of("Trip"))
    others = (
        replace(first, name="of the same program"),
        replace(first, name="of another program", worker="python another.py"),
        replace(first, name="in another environment", env={"REGION": "eu"}),
    )
    assert rig.forking(first, cold=False) is rig.fork_servers, "a struck trial, in a run that was resumed"
    assert [rig.forking(each, cold=True) is None for each in (first, first, *others)] == cold
    assert rig.forking(first, cold=False) is rig.fork_servers


class Watched:
    """Stands for a server or for doors, of which it is known a while later that they were killed."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.is_known = asyncio.Event()

    async def watch(self) -> None:
        await self.is_known.wait()
        raise KilledError("it was killed")


@pytest.fixture
def ended() -> Iterator[int]:
    """The id of a process that has ended and is still there as a zombie."""
    with subprocess.Popen([sys.executable, "-S", "-c", ""], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        yield process.pid


async def fail(*, server: int) -> None:
    """Do something that fails before it is known whether the server was lost, which it soon is."""
    lost, doors = Watched(server), Watched(os.getpid())
    what: Any = {"server": lost, "doors": doors, "addresses": None, "routes": HttpRoutes()}
    async with asyncio.timeout(LIMIT), Slot(namespace="a", shares_server=True, **what).unless_lost():
        asyncio.get_running_loop().call_later(0.2, lost.is_known.set)
        raise OSError("its connections broke")


async def test_what_failed_since_a_process_was_killed_is_told_as_that_however_late_it_is_known(
    ended: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.trial.rig._NEWS_LIMIT", 0.0)
    with pytest.raises(KilledError, match="it was killed"):
        await fail(server=ended)
    with pytest.raises(OSError, match="its connections broke"):
        await fail(server=os.getpid())
