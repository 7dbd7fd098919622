"""The model server alone: any client is answered by a script, and its first calls meet faults."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpDoors, HttpMessage
from harness.doors.model.due_faults import DueFaults
from harness.doors.model.faulty import decision_on


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
    due = DueFaults("model")
    for name in names:
        due.add(name)
    with tempfile.TemporaryDirectory(prefix="crashproof-") as logs:
        playing = _Playing(due, tell)
        async with HttpDoors(
            decide=playing, logs=Path(logs), model_script=script, notice=lambda notice: tell(notice.text)
        ) as doors:
            yield doors


class _Playing:
    """Lets each call go, unless it is one of the first and a fault meets it; tells of each."""

    def __init__(self, due: DueFaults, tell: Callable[[str], None]) -> None:
        self._due = due
        self._tell = tell

    async def __call__(self, message: HttpMessage) -> Decision:
        fault, turn = self._due.next
        status = str(message.status or "")
        if fault is None or message.position not in fault.positions or not fault.meets(message.body, status=status):
            if message.position == "after":
                self._tell(f"{message.operation} {message.status}")
            return "go"
        self._due.met()
        self._tell(f"{message.operation} {fault.name}")
        return decision_on(fault.action, message, turn=turn)
