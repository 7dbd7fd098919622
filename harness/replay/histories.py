"""Histories as files: Temporal's own JSON, readable by its Web UI and Replayer, with the workflow id beside it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from harness.errors import RigError, UsageError
from harness.evidence import History

INDEX = "index.json"
"""Beside the histories of a folder: file name to workflow id, run id, path and root."""

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def load(file: Path, *, workflow_id: str = "") -> History:
    """Read one history: as written by ``save``, by Temporal's CLI, by its Web UI or by an SDK.

    Args:
        file: The JSON file.
        workflow_id: Workflow id; by default the one in the folder's index, the one that the history itself holds
            (newer servers write it), or the file's name.

    Raises:
        UsageError: There is no such file, or it holds no history.
    """
    events = tuple(_event(each) for each in _events(file))
    started: dict[str, Any] = next((value for name, value in events[0].items() if name.endswith("EventAttributes")), {})
    known = _index(file.parent).get(file.name, {})
    return History(
        workflow_id=workflow_id or known.get("workflow_id") or started.get("workflowId") or unquote(file.stem),
        run_id=known.get("run_id") or str(started.get("originalExecutionRunId", "")),
        path=known.get("path") or str((started.get("workflowType") or {}).get("name", "")),
        root=bool(known.get("root", True)),
        events=events,
    )


def load_folder(folder: Path) -> tuple[History, ...]:
    """Read every history of a folder: in the order of its index where it has one, the others by file name.

    Raises:
        UsageError: The folder does not exist, or one of its files holds no history.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder of histories at {folder}")
    names = list(_index(folder))
    names += sorted(file.name for file in folder.glob("*.json") if file.name not in (INDEX, *names))
    return tuple(load(folder / name) for name in names)


def save(folder: Path, histories: Sequence[History]) -> None:
    """Write histories and their index into a folder, each file at once and whole.

    Raises:
        RigError: The folder cannot be written.
    """
    index: dict[str, dict[str, Any]] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for history in histories:
            name = _file_name(history, taken=index)
            index[name] = {
                "workflow_id": history.workflow_id,
                "run_id": history.run_id,
                "path": history.path,
                "root": history.root,
            }
            _write(folder / name, to_json(history))
        _write(folder / INDEX, json.dumps(index, indent=1))
    except OSError as error:
        raise RigError(f"cannot write histories to {folder}: {error.strerror or error}") from error


def to_json(history: History) -> str:
    """Return a history as Temporal's own JSON."""
    return json.dumps({"events": history.events}, indent=1)


def _file_name(history: History, *, taken: dict[str, Any]) -> str:
    # The first run of a workflow id has its name; the later runs of a chain add their run id.
    plain = f"{quote(history.workflow_id, safe='')[:180]}.json"
    return plain if plain not in taken else plain.removesuffix(".json") + f".{history.run_id}.json"


def _write(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.part")
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, file)


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


def _index(folder: Path) -> dict[str, dict[str, Any]]:
    file = folder / INDEX
    read = _read(file) if file.is_file() else {}
    if not isinstance(read, dict) or not all(isinstance(each, dict) for each in read.values()):
        raise UsageError(f"{file} is no index of histories: expected an object for each file name")
    return read


def _event(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event with its type as protobuf JSON has it; older exports write ``ActivityTaskScheduled``."""
    kind = str(event["eventType"])
    if kind.startswith("EVENT_TYPE_"):
        return event
    return {**event, "eventType": "EVENT_TYPE_" + _WORD.sub("_", kind).upper()}
