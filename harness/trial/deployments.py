"""Worker deployments: the version of a worker that polls with versioning is made the current one of its deployment.

A server gives tasks to a versioned worker only once somebody has made its version current, which in production a deploy
does. Nobody has in a slot, so the work would wait for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
from temporalio.api.enums.v1 import WorkerVersioningMode

from harness.doors.wire.proxy import Execute, Send
from harness.errors import RigError
from harness.records.act_facts import DoorNotice
from harness.servers.frontend import Frontend
from harness.trial.live_tape import LiveTape

MADE_CURRENT = "was made the current version of its deployment"
"""What the tape says of a version once it is the current one."""

_VERSIONED = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
_LIMIT = 30.0  # seconds for a server to know a version that polls
_PAUSE = 0.1  # seconds between two tries


class Deployments:
    """Sees who polls with a version, and makes it current. An async context manager.

    Args:
        frontend: The server, in the slot's namespace.
        tape: Where it is told which version was made current.
        execute: Executes each request.
    """

    def __init__(self, frontend: Frontend, *, tape: LiveTape, execute: Execute) -> None:
        self._frontend = frontend
        self._tape = tape
        self._execute = execute
        self._making: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def __aenter__(self) -> Deployments:
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._making.values():
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    async def execute(self, operation: str, request: Any, worker: int, send: Send) -> bytes:
        """Execute a request; a poll of a version that is new has it made current beside."""
        if operation == "PollWorkflowTaskQueue" and request.deployment_options.worker_versioning_mode == _VERSIONED:
            version = request.deployment_options.deployment_name, request.deployment_options.build_id
            if version not in self._making:
                self._making[version] = asyncio.create_task(self._make_current(*version))
        return await self._execute(operation, request, worker, send)

    async def _make_current(self, deployment: str, build: str) -> None:
        try:
            async with asyncio.timeout(_LIMIT):
                while not await self._is_current(deployment, build):
                    await asyncio.sleep(_PAUSE)
        except (TimeoutError, grpc.aio.AioRpcError) as error:
            why = error.details() if isinstance(error, grpc.aio.AioRpcError) else f"not known after {_LIMIT:g} s"
            self._tape.fail(RigError(f"the version {deployment}.{build} of the worker cannot be made current: {why}"))
            return
        text = f"The worker is versioned: {deployment}.{build} {MADE_CURRENT}."
        self._tape.note("notice", facts=DoorNotice(text=text))

    async def _is_current(self, deployment: str, build: str) -> bool:
        """Try to make it current; tell whether the server knew it."""
        try:
            await self._frontend.call(
                "SetWorkerDeploymentCurrentVersion", deployment_name=deployment, build_id=build, identity="crashproof"
            )
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
                return False
            raise
        return True
