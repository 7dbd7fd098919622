"""After a strike the server lets the dead attempt time out now, and has the declared timeouts back afterwards."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, TimeoutError, TimeoutType
from temporalio.worker import Worker

from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from harness.servers.frontend import Frontend
from harness.servers.pending import RunOnServer, update_options
from harness.trial.acceleration import Acceleration

LIMIT = 200.0
NEXT = 2
"""The attempt that is to do the work. One that begins in the moment in which the machine stands still for two seconds
is lost to the timeouts of the first one, and one after it does the work."""


class Attempts:
    """What the attempts of the activity saw, over all workers."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.infos: list[activity.Info] = []


ATTEMPTS: dict[str, Attempts] = {}


@activity.defn
async def wait_at_first(name: str) -> int:
    attempts = ATTEMPTS[name]
    info = activity.info()
    attempts.infos.append(info)
    activity.heartbeat("seen")
    attempts.begun.set()
    if info.attempt == 1:
        await asyncio.sleep(600)
    return info.attempt


@workflow.defn(sandboxed=False)
class Waiting:
    @workflow.run
    async def run(self, name: str, beats: bool, in_all: int = 0) -> int:
        return await workflow.execute_activity(
            wait_at_first,
            name,
            start_to_close_timeout=timedelta(minutes=5),
            schedule_to_close_timeout=timedelta(minutes=in_all) if in_all else None,
            heartbeat_timeout=timedelta(minutes=2) if beats else None,
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=9),
        )


@pytest.mark.parametrize("beats", [False, True], ids=["start-to-close", "heartbeat"])
async def test_a_dead_attempt_times_out_now_and_the_next_one_has_what_was_declared(tmp_path: Path, beats: bool) -> None:
    name = f"waiting-{beats}"
    attempts = ATTEMPTS[name] = Attempts()
    notes: list[dict[str, Any]] = []
    async with DevServer((await find_temporal()).path, folder=tmp_path) as server, asyncio.timeout(LIMIT):
        client = await Client.connect(server.address)
        async with (
            Worker(client, task_queue="q", workflows=[Waiting], activities=[wait_at_first]),
            Frontend(address=server.address, namespace="default") as frontend,
        ):
            handle = await client.start_workflow(Waiting.run, args=[name, beats], id=name, task_queue="q")
            await attempts.begun.wait()
            acceleration = Acceleration(
                frontend, note=lambda operation, **more: notes.append({"operation": operation, **more})
            )
            await acceleration.recover(
                executions=[RunOnServer(name, handle.first_execution_run_id or ""), RunOnServer("no-such", "")],
                worker=1,
            )
            assert await handle.result() >= NEXT
    assert [(note["operation"], note["facts"].what, note["facts"].attempt) for note in notes][:1] == [
        ("accelerate", "activity", 1)
    ]
    second = attempts.infos[1]
    assert second.start_to_close_timeout == timedelta(minutes=5)
    assert second.heartbeat_timeout == (timedelta(minutes=2) if beats else None)


@pytest.mark.parametrize(
    ("beats", "ended_by"), [(False, TimeoutType.SCHEDULE_TO_CLOSE), (True, None)], ids=["no time left", "time left"]
)
async def test_where_schedule_to_close_leaves_no_time_no_other_attempt_comes(
    tmp_path: Path, beats: bool, ended_by: TimeoutType | None
) -> None:
    name = f"in-all-{beats}"
    attempts = ATTEMPTS[name] = Attempts()
    async with DevServer((await find_temporal()).path, folder=tmp_path) as server, asyncio.timeout(LIMIT):
        client = await Client.connect(server.address)
        async with (
            Worker(client, task_queue="q", workflows=[Waiting], activities=[wait_at_first]),
            Frontend(address=server.address, namespace="default") as frontend,
        ):
            handle = await client.start_workflow(Waiting.run, args=[name, beats, 5], id=name, task_queue="q")
            await attempts.begun.wait()
            acceleration = Acceleration(frontend, note=lambda operation, **more: None)
            run = RunOnServer(name, handle.first_execution_run_id or "")
            await acceleration.recover(executions=[run], worker=1)
            if ended_by is None:
                assert await handle.result() >= NEXT
                return
            with pytest.raises(WorkflowFailureError) as failed:
                await handle.result()
    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, TimeoutError)
    assert failed.value.cause.cause.type is ended_by
    assert [info.attempt for info in attempts.infos] == [1]


@pytest.mark.parametrize(
    ("running", "cut_down", "message"),
    [
        (False, "heartbeat_timeout", "activity Heartbeat timeout"),
        (True, "start_to_close_timeout", "activity StartToClose timeout"),
    ],
    ids=["nobody is at it", "a living process is at it"],
)
async def test_one_activity_is_timed_out_by_what_can_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: bool, cut_down: str, message: str
) -> None:
    name = f"one-{running}"
    attempts = ATTEMPTS[name] = Attempts()
    notes: list[dict[str, Any]] = []
    async with DevServer((await find_temporal()).path, folder=tmp_path) as server, asyncio.timeout(LIMIT):
        client = await Client.connect(server.address)
        async with (
            Worker(client, task_queue="q", workflows=[Waiting], activities=[wait_at_first]),
            Frontend(address=server.address, namespace="default") as frontend,
        ):
            handle = await client.start_workflow(Waiting.run, args=[name, True], id=name, task_queue="q")
            await attempts.begun.wait()
            acceleration = Acceleration(
                frontend, note=lambda operation, **more: notes.append({"operation": operation, **more})
            )
            run_id = handle.first_execution_run_id or ""
            told: dict[str, Any] = {"run": RunOnServer(name, run_id), "worker": 3, "running": running}
            await acceleration.recover_activity(activity_id="no-such", **told)
            assert notes == []
            shortened = []

            async def update_and_look(*given: Any, **fields: Any) -> None:
                await update_options(*given, **fields)
                if "activity_options" in fields:  # and not that the declared ones are put back
                    (pending,) = (await handle.describe()).raw_description.pending_activities
                    shortened.append(pending.activity_options)

            monkeypatch.setattr("harness.trial.acceleration.update_options", update_and_look)
            await acceleration.recover_activity(activity_id=attempts.infos[0].activity_id, **told)
            (options,) = shortened
            assert getattr(options, cut_down).ToTimedelta() == timedelta(seconds=2)
            # No heartbeat timeout is longer than start-to-close: the server cuts it down too.
            if not running:
                assert options.start_to_close_timeout.ToTimedelta() == timedelta(minutes=5)
            assert await handle.result() >= NEXT
            history = await handle.fetch_history()
            (begun,) = (event for event in history.events if event.HasField("activity_task_started_event_attributes"))
    assert begun.activity_task_started_event_attributes.last_failure.message == message
    assert [note["worker"] for note in notes] == [3] * len(notes)
    assert (attempts.infos[1].start_to_close_timeout, attempts.infos[1].heartbeat_timeout) == (
        timedelta(minutes=5),
        timedelta(minutes=2),
    )


@pytest.mark.parametrize("heard", ["always", "late", "never"])
async def test_an_attempt_is_timed_out_that_the_server_handed_out_and_nobody_hears_of(
    tmp_path: Path, heard: str
) -> None:
    name = f"unheard-{heard}"
    attempts = ATTEMPTS[name] = Attempts()
    notes: list[dict[str, Any]] = []
    async with DevServer((await find_temporal()).path, folder=tmp_path) as server, asyncio.timeout(LIMIT):
        client = await Client.connect(server.address)
        async with (
            Worker(client, task_queue="q", workflows=[Waiting], activities=[wait_at_first]),
            Frontend(address=server.address, namespace="default") as frontend,
        ):
            handle = await client.start_workflow(Waiting.run, args=[name, True], id=name, task_queue="q")
            await attempts.begun.wait()
            run_id = handle.first_execution_run_id or ""
            mine = {(run_id, attempts.infos[0].activity_id, 1)}
            answers: dict[str, list[set[tuple[str, str, int]]]] = {
                "always": [mine],
                "late": [set(), mine],
                "never": [set(), set()],
            }
            told = iter(answers[heard])
            acceleration = Acceleration(
                frontend, note=lambda operation, **more: notes.append({"operation": operation, **more})
            )
            await acceleration.recover_unheard(
                executions=[RunOnServer(name, run_id)], in_hand=lambda: next(told), worker=2
            )
            if heard == "never":
                assert await handle.result() >= NEXT
            else:
                assert len(attempts.infos) == 1
                await handle.terminate()
    assert [(note["facts"].what, note["facts"].attempt, note["worker"]) for note in notes][:1] == (
        [("activity", 1, 2)] if heard == "never" else []
    )
