"""Nexus endpoints: those that the work calls lead to the slot of its trial.

An endpoint belongs to a whole cluster: its name leads to one namespace. So a scenario that is seen to call one gets a
server of its own for each trial from then on; only its first undisturbed trial ran on the one that all share, and takes
its endpoints away again at its end.

An endpoint that a worker makes itself passes the door, and leads to the slot from there. One that nobody has made (in
production it is somebody else's to make) is made as soon as a workflow calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.doors.wire.proxy import Execute, Send
from harness.errors import RigError, UsageError
from harness.records.act_facts import DoorNotice
from harness.servers.frontend import Frontend
from harness.trial.live_tape import LiveTape

_SCHEDULES = "schedule_nexus_operation_command_attributes"


class NexusEndpoints:
    """Executes requests once the endpoints that they call are there. An async context manager.

    Args:
        frontend: The server, in the slot's namespace.
        declared: Name and task queue of those that the user has named.
        tape: Where it is told which were made though nobody had named them.
        shared: Whether other trials use the server, too.
        called: Called when an endpoint is called.
        execute: Executes each request then.
    """

    def __init__(
        self,
        frontend: Frontend,
        *,
        declared: Mapping[str, str],
        tape: LiveTape,
        shared: bool,
        called: Callable[[], None],
        execute: Execute,
    ) -> None:
        self._frontend = frontend
        self._declared = declared
        self._tape = tape
        self._shared = shared
        self._called = called
        self._execute = execute
        self._polled: set[str] = set()
        self._known: set[str] = set()

    async def __aenter__(self) -> NexusEndpoints:
        for name, task_queue in self._declared.items():
            await self._must_be_there(name, task_queue=task_queue)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._known and self._shared:
            await self._frontend.delete_nexus_endpoints()

    async def execute(self, operation: str, request: Any, worker: int, send: Send) -> bytes:
        """Make the endpoints that a workflow task calls and that are not there, and execute the request.

        Where that cannot be done the trial is given up with the reason.
        """
        if operation == "PollNexusTaskQueue" and not request.task_queue.normal_name:
            self._polled.add(request.task_queue.name)
        for command in request.commands if operation == "RespondWorkflowTaskCompleted" else ():
            if command.HasField(_SCHEDULES):
                self._called()
                try:
                    await self._must_be_there(getattr(command, _SCHEDULES).endpoint)
                except (UsageError, RigError) as error:
                    self._tape.fail(error)
        return await self._execute(operation, request, worker, send)

    async def _must_be_there(self, name: str, *, task_queue: str = "") -> None:
        if name in self._known:
            return
        target = await self._frontend.nexus_endpoint(name)
        if target is None:
            task_queue = task_queue or self._only_queue(name)
            await self._frontend.create_nexus_endpoint(name, task_queue=task_queue)
            if name not in self._declared:
                text = f"The Nexus endpoint {name} was made for the trials, and leads to the task queue {task_queue}."
                self._tape.note("notice", facts=DoorNotice(text=text))
        elif target != self._frontend.namespace:
            raise RigError(f"two scenarios call a Nexus endpoint {name!r} at the same time: run one after the other")
        self._known.add(name)

    def _only_queue(self, name: str) -> str:
        if len(self._polled) == 1:
            return next(iter(self._polled))
        served = f"several: {', '.join(sorted(self._polled))}" if self._polled else "none"
        raise UsageError(
            f"the workflow calls the Nexus endpoint {name!r}, and of the task queues with Nexus services there are "
            f"{served}: give --nexus-endpoint {name}=QUEUE, in a scenario nexus_endpoints={{...}}"
        )
