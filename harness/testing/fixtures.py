"""What the fixtures of one test stand on: a namespace of the session's server, a model, effects, worker processes."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpMessage
from harness.foreign import for_terminal
from harness.records.act_facts import DoorNotice
from harness.records.facts import Facts
from harness.testing.doors import Effects, Model
from harness.testing.server import SessionServer
from harness.testing.thread import Calls
from harness.testing.worker import WorkerStarter
from harness.trial.rig import Rig


@dataclass(frozen=True, kw_only=True)
class Fixtures:
    """What the fixtures of the pytest plugin have started for one test: namespace, doors and worker processes.

    Attributes:
        server: The session's server, in a namespace of the test's own.
        model: The model server.
        effects: The effect server.
        workers: Starts worker processes.
    """

    server: SessionServer
    model: Model
    effects: Effects
    workers: WorkerStarter


@asynccontextmanager
async def open_fixtures(rig: Rig, *, name: str, scripts: Path, logs: Path, calls: Calls) -> AsyncIterator[Fixtures]:
    """Set up what one test has for itself; at its end the worker processes are gone.

    Args:
        rig: What the tests of the session share.
        name: Name of the test, which its namespace is called after.
        scripts: Folder that script files are relative to.
        logs: Folder for the logs of the worker processes.
        calls: The asynchronous calls of the test.

    Raises:
        RigError: The server, which an earlier test may have killed, does not start or does not answer.
        Exception: What has broken the model and effect servers meanwhile.
    """
    if not rig.server.alive:
        await rig.server.restart()
    name = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "test"
    async with rig.slot(name, model=None, effects={}) as slot:
        environment = slot.environment(1)
        model = Model(
            url=environment["OPENAI_BASE_URL"],
            anthropic_url=environment["ANTHROPIC_BASE_URL"],
            folder=scripts,
        )
        effects = Effects(url=environment["EFFECTS_URL"], folder=scripts)

        async def decide(message: HttpMessage) -> Decision:
            return await (model if message.door == "model" else effects).decide(message)

        with slot.leading(decide=decide, note=_print_notice):
            async with WorkerStarter(slot, logs=logs, calls=calls) as workers:
                server = SessionServer(slot.server, namespace=slot.namespace, calls=calls)
                yield Fixtures(server=server, model=model, effects=effects, workers=workers)
    if slot.doors.failure:
        raise slot.doors.failure


def _print_notice(operation: str, *, facts: Facts) -> None:
    if isinstance(facts, DoorNotice):
        print(for_terminal(f"crashproof: {facts.text}"), file=sys.stderr, flush=True)
