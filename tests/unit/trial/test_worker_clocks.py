"""A worker whose clock is wrong is told once; one that is stopped for a while, or says no time, is not."""

from __future__ import annotations

import pytest
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.proxy import send_it
from harness.records.act_facts import DoorNotice
from harness.trial.live_tape import LiveTape
from harness.trial.worker_clocks import WorkerClocks

NOW = 1_800_000_000.25


def beat(*ahead: float) -> rpc.RecordWorkerHeartbeatRequest:
    request = rpc.RecordWorkerHeartbeatRequest(worker_heartbeat=[WorkerHeartbeat() for _ in ahead])
    for each, seconds in zip(request.worker_heartbeat, ahead, strict=True):
        each.heartbeat_time.FromNanoseconds(int((NOW + seconds) * 1e9))
    return request


async def answered() -> bytes:
    return b"answer"


async def told(*requests: tuple[str, int, object]) -> list[str]:
    tape = LiveTape()
    clocks = WorkerClocks(tape=tape, execute=send_it, now=lambda: NOW)
    for operation, worker, request in requests:
        assert await clocks.execute(operation, request, worker, answered) == b"answer"
    return [entry.facts.text for entry in tape.entries if isinstance(entry.facts, DoorNotice)]


@pytest.mark.parametrize(("ahead", "words"), [(3600.0, "3600 s ahead of"), (-7200.0, "7200 s behind")])
async def test_a_wrong_clock_is_told_once_for_each_process(ahead: float, words: str) -> None:
    wrong = ("RecordWorkerHeartbeat", 1, beat(0, ahead))
    assert await told(wrong, wrong, ("RecordWorkerHeartbeat", 2, beat(0))) == [
        f"The clock of worker process 1 is {words} this machine's, by which it is judged."
    ]


async def test_a_right_clock_and_a_late_message_are_not_told() -> None:
    without_time = rpc.RecordWorkerHeartbeatRequest(worker_heartbeat=[WorkerHeartbeat()])
    others = [("PollWorkflowTaskQueue", 1, rpc.PollWorkflowTaskQueueRequest())]
    beats = [("RecordWorkerHeartbeat", 1, each) for each in (beat(0.5, -30, 20), beat(-300), without_time)]
    assert await told(*others, *beats) == []
