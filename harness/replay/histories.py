"""Histories as files: Temporal's own JSON, as its CLI, its Web UI, the SDKs and the evidence folder write it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from harness.errors import UsageError
from harness.evidence import History

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def load(file: Path, *, workflow_id: str = "") -> History:
    """Read one history.

    Args:
        file: The JSON file.
        workflow_id: Workflow id; by default the one that the history itself holds (newer servers write it), else the
            file's name, without a run id at its end.

    Raises:
        UsageError: There is no such file, or it holds no history.
    """
    events = tuple(_event(each) for each in _events(file))
    started: dict[str, Any] = next((value for name, value in events[0].items() if name.endswith("EventAttributes")), {})
    run_id = str(started.get("originalExecutionRunId", ""))
    by_name = unquote(file.stem)
    return History(
        workflow_id=workflow_id or started.get("workflowId") or by_name.removesuffix(f".{run_id}"),
        run_id=run_id,
        path=str((started.get("workflowType") or {}).get("name", "")),
        root="parentWorkflowExecution" not in started,
        events=events,
    )


def load_folder(folder: Path) -> tuple[History, ...]:
    """Read every history of a folder, by file name.

    Raises:
        UsageError: The folder does not exist, or one of its files holds no history.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder of histories at {folder}")
    return tuple(load(file) for file in sorted(folder.glob("*.json")))


def _events(file: Path) -> list[dict[str, Any]]:
    read = _read(file)
    events = read.get("events") if isinstance(read, dict) else read
    if not isinstance(events, list) or not events or not all(_is_event(each) for each in events):
        raise UsageError(f"{file} holds no workflow history: expected {{'events': [...]}} as Temporal exports it")
    return events


def _is_event(found: Any) -> bool:
    return isinstance(found, dict) and "eventId" in found and "eventType" in found


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{file} is no JSON: {error}") from error


def _event(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event with its type as protobuf JSON has it; older exports write ``ActivityTaskScheduled``."""
    kind = str(event["eventType"])
    if kind.startswith("EVENT_TYPE_"):
        return event
    return {**event, "eventType": "EVENT_TYPE_" + _WORD.sub("_", kind).upper()}
