"""A version that polls is made current once, as soon as the server knows it; a poll without one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

from harness.doors.wire.proxy import send_it
from harness.errors import RigError
from harness.records.act_facts import DoorNotice
from harness.trial import deployments
from harness.trial.deployments import Deployments
from harness.trial.live_tape import LiveTape

LIMIT = 120.0
VERSIONED, UNVERSIONED = 2, 1


class Server:
    """Refuses some times, and then makes a version current."""

    def __init__(self, *refusals: grpc.StatusCode) -> None:
        self.refusals = list(refusals)
        self.current: list[tuple[str, str]] = []

    async def call(self, operation: str, *, deployment_name: str, build_id: str, identity: str) -> None:
        assert operation == "SetWorkerDeploymentCurrentVersion"
        if self.refusals:
            metadata = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(self.refusals.pop(0), metadata, metadata, details="no")
        self.current.append((deployment_name, build_id))


async def answered() -> bytes:
    return b"answer"


def poll(build: str, mode: int = VERSIONED) -> rpc.PollWorkflowTaskQueueRequest:
    options = WorkerDeploymentOptions(deployment_name="notes", build_id=build, worker_versioning_mode=mode)  # type: ignore[arg-type]
    return rpc.PollWorkflowTaskQueueRequest(deployment_options=options)


async def polled(server: Any, *polls: Any, until: Callable[[LiveTape], object]) -> LiveTape:
    tape = LiveTape()
    async with Deployments(server, tape=tape, execute=send_it) as versions, asyncio.timeout(LIMIT):
        for each in polls:
            assert await versions.execute("PollWorkflowTaskQueue", each, 1, answered) == b"answer"
        while not until(tape):
            await asyncio.sleep(0)
    return tape


async def test_each_version_is_made_current_once_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployments, "_PAUSE", 0)
    server = Server(grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION)
    tape = await polled(server, poll("b1"), poll("b1"), poll("b2"), until=lambda tape: len(tape.entries) == 2)
    assert sorted(server.current) == [("notes", "b1"), ("notes", "b2")]
    notices = [entry.facts_as(DoorNotice) for entry in tape.entries]
    assert {notice.text.split(": ")[1].split(" was ")[0] for notice in notices if notice} == {"notes.b1", "notes.b2"}


async def test_a_poll_without_versioning_changes_nothing() -> None:
    server = Server()
    await polled(server, rpc.PollWorkflowTaskQueueRequest(), poll("b1", UNVERSIONED), until=lambda tape: True)
    assert server.current == []


async def test_a_server_that_refuses_ends_the_trial_with_its_reason() -> None:
    tape = await polled(Server(grpc.StatusCode.UNIMPLEMENTED), poll("b1"), until=lambda tape: tape.failure)
    assert isinstance(tape.failure, RigError)
    assert str(tape.failure) == "the version notes.b1 of the worker cannot be made current: no"
