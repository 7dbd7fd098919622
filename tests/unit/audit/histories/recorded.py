"""Small hand-written histories, event by event."""

from __future__ import annotations

import base64
from typing import Any

from harness.records.evidence import History

PLAIN = base64.b64encode(b"json/plain").decode()


def payloads(size: int) -> dict[str, Any]:
    """Return one payload of so many bytes."""
    return {"payloads": [{"metadata": {"encoding": PLAIN}, "data": base64.b64encode(b"x" * size).decode()}]}


def application(error: str, message: str = "no") -> dict[str, Any]:
    return {"message": message, "applicationFailureInfo": {"type": error}}


def timeout(which: str) -> dict[str, Any]:
    return {"message": "timed out", "timeoutFailureInfo": {"timeoutType": f"TIMEOUT_TYPE_{which}"}}


class Writer:
    """Writes a history; each method adds events and returns the id of the first."""

    def __init__(self, workflow: str = "Agent", **started: Any) -> None:
        self._events: list[dict[str, Any]] = []
        self._workflow = workflow
        self.add("WORKFLOW_EXECUTION_STARTED", workflowType={"name": workflow}, **started)

    def add(self, kind: str, *, at: int = 0, **attributes: Any) -> int:
        number = len(self._events) + 1
        first, *rest = kind.lower().split("_")
        key = f"{first}{''.join(word.title() for word in rest)}EventAttributes"
        event = {"eventId": str(number), "eventType": f"EVENT_TYPE_{kind}", key: attributes}
        event["eventTime"] = f"2026-01-01T00:{at // 60:02}:{at % 60:02}.500Z"
        self._events.append(event)
        return number

    def task(self, **started: Any) -> int:
        scheduled = self.add("WORKFLOW_TASK_SCHEDULED")
        begun = self.add("WORKFLOW_TASK_STARTED", scheduledEventId=str(scheduled), **started)
        self.add("WORKFLOW_TASK_COMPLETED", scheduledEventId=str(scheduled), startedEventId=str(begun))
        return scheduled

    def scheduled(self, activity: str = "ask", *, size: int = 3, **options: Any) -> int:
        """Schedule an activity in the last workflow task; without options it has Temporal's defaults and 10 s."""
        policy = {"initialInterval": "1s", "backoffCoefficient": 2.0, **options.pop("retry", {})}
        told = {"startToCloseTimeout": "10s", "heartbeatTimeout": "0s", "scheduleToCloseTimeout": "0s", **options}
        return self.add(
            "ACTIVITY_TASK_SCHEDULED",
            activityType={"name": activity},
            input=payloads(size),
            retryPolicy=policy,
            workflowTaskCompletedEventId=str(len(self._events)),
            **told,
        )

    def started(self, scheduled: int, *, attempt: int = 1, after: dict[str, Any] | None = None) -> int:
        told: Any = {"lastFailure": after} if after else {}
        return self.add("ACTIVITY_TASK_STARTED", scheduledEventId=str(scheduled), attempt=attempt, **told)

    def completed(self, scheduled: int, *, at: int = 0, size: int = 3) -> int:
        return self.add("ACTIVITY_TASK_COMPLETED", at=at, scheduledEventId=str(scheduled), result=payloads(size))

    def failed(self, scheduled: int, failure: dict[str, Any], *, kind: str = "FAILED") -> int:
        return self.add(f"ACTIVITY_TASK_{kind}", scheduledEventId=str(scheduled), failure=failure)

    def close(self, how: str = "COMPLETED", **attributes: Any) -> int:
        return self.add(f"WORKFLOW_EXECUTION_{how}", **attributes)

    @property
    def history(self) -> History:
        return History(workflow_id="w", run_id="r", path=self._workflow, root=True, events=tuple(self._events))
