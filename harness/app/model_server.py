"""The model server alone: any client is answered by a script, and its first calls meet faults."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from harness import faults
from harness.doors.decision import Decision
from harness.doors.http.doors import HttpDoors, HttpMessage
from harness.doors.model.faulty import decision_on
from harness.errors import UsageError
from harness.faults import Fault


@asynccontextmanager
async def model_server(
    *, script: Path | None, names: Sequence[str], tell: Callable[[str], None]
) -> AsyncIterator[HttpDoors]:
    """Yield the running model server.

    Args:
        script: What the model says (see ``harness.doors.model.model``); None: a short text.
        names: Names of the faults that the first calls meet, one after the other.
        tell: Called with a line for each call, and for what could not be answered as asked.

    Raises:
        UsageError: The script cannot be used, or a name is no fault of a model.
        RigError: The server does not serve.
    """
    chosen = [faults.named(name) for name in names]
    for fault in chosen:
        if fault.family != "model":
            raise UsageError(f"{fault.name} is no fault of a model; `crashproof faults model` lists these")
    with tempfile.TemporaryDirectory(prefix="crashproof-") as logs:
        playing = _Playing(chosen, tell)
        async with HttpDoors(
            decide=playing, logs=Path(logs), model_script=script, notice=lambda notice: tell(notice.text)
        ) as doors:
            yield doors


class _Playing:
    """Lets each call go, unless it is one of the first and a fault meets it; tells of each."""

    def __init__(self, chosen: Sequence[Fault], tell: Callable[[str], None]) -> None:
        self._due = [(fault, turn) for fault in chosen for turn in range(1, max(fault.times, 1) + 1)]
        self._tell = tell

    async def __call__(self, message: HttpMessage) -> Decision:
        fault, turn = self._due[0] if self._due else (None, 0)
        if fault is None or message.position not in fault.positions:
            if message.position == "after":
                self._tell(f"{message.operation} {message.status}")
            return "go"
        if fault.times:
            del self._due[0]
        self._tell(f"{message.operation} {fault.name}")
        return decision_on(fault.action, message, turn=turn)
