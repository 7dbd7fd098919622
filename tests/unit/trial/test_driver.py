"""What is sent to a workflow that waits is sent one each time: of what comes early, or anew, too."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from harness.records.scenario import Scenario, Send, query, signal, start, update
from harness.trial.driver import Driver
from harness.trial.live_tape import LiveTape

SENDS = [signal("now", at="after/*"), signal("approve", at="waiting"), update("close", at="waiting")]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was sent: no server is there to take it."""
    names: list[str] = []

    async def take(driver: Driver, number: int, send: Send, workflow_id: str, **_: Any) -> None:
        names.append(send.name)

    monkeypatch.setattr(Driver, "_tell", take)
    monkeypatch.setattr(Driver, "_ask", take)
    return names


@pytest.fixture(autouse=True)
def awaited(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the updates that were waited for until the server has them."""
    ids: list[str] = []

    async def wait(client: Client, workflow_id: str, *, id: str, asking: asyncio.Future[Any]) -> None:
        await asyncio.sleep(0)
        ids.append(f"{workflow_id} {id}")

    monkeypatch.setattr("harness.trial.driver.until_admitted", wait)
    return ids


class Held:
    """A clock that stands still until it is released."""

    def __init__(self, engine: str) -> None:
        self.engine, self.released = engine, asyncio.Event()

    async def release(self, workflow_id: str) -> None:
        self.released.set()


def driver(*sends: Send, late: bool = False, clock: Any = None) -> Driver:
    scenario = Scenario(worker="w", work=start("Agent"), sends=sends or SENDS)
    none: Any = None
    playing = Driver(scenario, slot=none, tape=LiveTape(), attribution=none, logs=Path(), late=late, clock=clock)
    client: Any = object()
    playing._client = client
    return playing


async def test_only_the_next_comes_early(sent: list[str]) -> None:
    playing = driver()
    await playing.send_rest("Agent-run")
    assert sent == ["now", "approve"]


@pytest.mark.parametrize(
    ("engine", "late", "waits"), [("time-skipping", False, True), ("time-skipping", True, False), ("dev", False, False)]
)
async def test_time_that_would_skip_over_what_is_still_to_be_sent_stands_still_until_then(
    sent: list[str], engine: str, late: bool, waits: bool
) -> None:
    clock = Held(engine)
    playing = driver(signal("approve", at="waiting"), late=late, clock=clock)
    playing.is_free_to_skip("Agent-run")
    await playing.answered(timeout=10)
    assert clock.released.is_set() != waits
    await playing.send_rest("Agent-run")
    playing.is_free_to_skip("Agent-run")
    await playing.answered(timeout=10)
    assert (sent, clock.released.is_set()) == (["approve"], True)


async def test_anew_comes_what_was_sent_and_not_what_the_work_never_waited_for(sent: list[str]) -> None:
    playing = driver()
    await playing.send_rest("Agent-run")
    await playing.send_rest("Agent-run", anew=True)
    assert sent == ["now", "approve", "now", "approve"]


async def test_an_answer_that_comes_after_the_close_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, may_answer = list[str](), asyncio.Event()

    async def ask(driver: Driver, number: int, send: Send, workflow_id: str, **_: Any) -> None:
        await may_answer.wait()
        answered.append(send.name)

    monkeypatch.setattr(Driver, "_ask", ask)
    playing = driver(update("close"))
    await playing.answered(timeout=3600)
    await playing.send_rest("Agent-run")
    await playing.answered(timeout=0)
    assert answered == []
    asyncio.get_running_loop().call_soon(may_answer.set)
    await playing.answered(timeout=3600)
    assert answered == ["close"]


async def test_an_update_is_waited_for_until_the_server_has_it(sent: list[str], awaited: list[str]) -> None:
    playing = driver(update("close"), query("state", at="then"))
    await playing.send_at_start("Agent-run")
    await playing.send_again("Agent-run", same_request=True)
    await playing.send_again("Agent-run", same_request=False)
    await playing.answered(timeout=3600)
    assert awaited == ["Agent-run close-1", "Agent-run close-1", "Agent-run close-1-again"]
    assert sent == ["close", "state", "close", "close"]


async def test_an_update_that_is_withheld_is_waited_for_when_it_is_sent(sent: list[str], awaited: list[str]) -> None:
    playing = driver(update("close"), late=True)
    await playing.send_at_start("Agent-run")
    assert (sent, awaited) == ([], [])
    await playing.send_rest("Agent-run")
    await playing.answered(timeout=3600)
    assert (sent, awaited) == (["close"], ["Agent-run close-1"])
