"""The stage of one test: a namespace of the session's server, and a model, effects and worker processes of its own."""

from __future__ import annotations

import re
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpMessage
from harness.records.act_facts import DoorNotice
from harness.records.facts import Facts
from harness.report.clean import for_terminal
from harness.testing.doors import Effects, Model
from harness.testing.server import SessionServer
from harness.testing.thread import Calls
from harness.testing.worker import WorkerStarter
from harness.trial.slots import Rig, Slot


class Stage:
    """What one test has for itself. An async context manager; at its end the worker processes are gone.

    Args:
        rig: What the tests of the session share.
        name: Name of the test, which its namespace is called after.
        scripts: Folder that script files are relative to.
        logs: Folder for the logs of the worker processes.
        calls: The asynchronous calls of the test.
    """

    server: SessionServer
    model: Model
    effects: Effects
    workers: WorkerStarter

    def __init__(self, rig: Rig, *, name: str, scripts: Path, logs: Path, calls: Calls) -> None:
        self._rig = rig
        self._name = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "test"
        self._scripts = scripts
        self._logs = logs
        self._calls = calls
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Stage:
        """Set up.

        Raises:
            RigError: The server, which an earlier test may have killed, does not start or does not answer.
        """
        if not self._rig.server.alive:
            await self._rig.server.restart()
        slot = await self._stack.enter_async_context(
            self._rig.slot(self._name, meet=self._meet, note=self._note, model=None, effects=None)
        )
        try:
            await self._set_up(slot)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the worker processes.

        Raises:
            Exception: What has broken the model and effect servers meanwhile.
        """
        await self._stack.aclose()
        if self._rig.failure:
            raise self._rig.failure

    async def _set_up(self, slot: Slot) -> None:
        environment = slot.environment(1)
        self.server = SessionServer(slot.server, namespace=slot.namespace, calls=self._calls)
        self.model = Model(
            url=environment["OPENAI_BASE_URL"],
            anthropic_url=environment["ANTHROPIC_BASE_URL"],
            folder=self._scripts,
        )
        self.effects = Effects(url=environment["EFFECTS_URL"], folder=self._scripts)
        self.workers = await self._stack.enter_async_context(WorkerStarter(slot, logs=self._logs, calls=self._calls))

    async def _meet(self, message: HttpMessage) -> Decision:
        door = self.model if message.door == "model" else self.effects
        return await door.meet(message)

    def _note(self, operation: str, *, facts: Facts) -> None:
        if isinstance(facts, DoorNotice):
            print(for_terminal(f"crashproof: {facts.text}"), file=sys.stderr, flush=True)
