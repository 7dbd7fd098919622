"""Reads one history file, and stores its events in the binary form in which they are replayed.

As a child process of ``reading_pool`` it does so for one file after the other, with bounded memory.
"""

from __future__ import annotations

import gc
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from google.protobuf.message import EncodeError
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History

from harness.errors import UsageError
from harness.histories.files import HistoryFile
from harness.histories.formats import LoadedHistory, load
from harness.histories.stored_history import StoredHistory
from harness.histories.unwrapping import TooLargeError
from harness.processes.child_channel import open_channel

READY = b"ready"


@dataclass(frozen=True, kw_only=True)
class ReadRequest:
    """Which file is to be read.

    Attributes:
        file: The file.
        binary: Where its events go.
        largest: How many bytes it may have, packed and unpacked.
    """

    file: HistoryFile
    binary: Path
    largest: int


@dataclass(frozen=True, kw_only=True)
class ReadAnswer:
    """What came of the reading of one file.

    Attributes:
        history: What the file holds, or why it holds nothing that can be replayed.
        too_large: Whether that is because the file is larger than the limit.
        disk: Why the binary file could not be written; empty if it was.
    """

    history: StoredHistory
    too_large: bool = False
    disk: str = ""


def encoded(record: ReadRequest | ReadAnswer) -> bytes:
    """Return a record as it travels between the two processes."""
    return msgspec.json.encode(record, enc_hook=str)


def decoded_request(message: bytes) -> ReadRequest:
    """Return the request that a message holds."""
    return msgspec.json.decode(message, type=ReadRequest, dec_hook=_path)


def decoded_answer(message: bytes) -> ReadAnswer:
    """Return the answer that a message holds."""
    return msgspec.json.decode(message, type=ReadAnswer, dec_hook=_path)


def read_one(request: ReadRequest) -> ReadAnswer:
    """Read a history file and store its events in protobuf's binary form."""
    file = request.file
    try:
        loaded = load(file.path, shown=file.shown, workflow_id=file.workflow_id, largest=request.largest)
        binary = loaded.history.SerializeToString(deterministic=True)
    except UsageError as error:
        return ReadAnswer(history=unread(file, str(error)), too_large=isinstance(error, TooLargeError))
    except (MemoryError, EncodeError):  # protobuf says so that it gets no more memory to write into
        return ReadAnswer(history=unread(file, f"{file.shown} takes more memory than the reading of one history may"))
    except Exception as error:  # whatever a strange file leads to, the others go on
        return ReadAnswer(history=unread(file, f"{file.shown} cannot be read: {type(error).__name__}: {error}"))
    try:
        request.binary.write_bytes(binary)
    except OSError as error:
        why = f"cannot write {request.binary}: {error.strerror or error}"
        return ReadAnswer(history=unread(file, why), disk=why)
    return ReadAnswer(history=_stored(request, loaded, hashlib.sha256(binary).hexdigest()))


def unread(file: HistoryFile, failure: str) -> StoredHistory:
    """Return what is known of a file that could not be read."""
    return StoredHistory(file=file, failure=failure)


def main() -> None:
    """Read files until there are no more, as the program of a child process."""
    channel = open_channel()
    gc.freeze()  # what is imported need not be looked through again and again
    channel.answer(READY)
    while message := channel.read():
        channel.answer(encoded(read_one(decoded_request(message))))


def _stored(request: ReadRequest, loaded: LoadedHistory, digest: str) -> StoredHistory:
    events = loaded.history.events
    return StoredHistory(
        file=request.file,
        binary=request.binary,
        workflow_id=loaded.workflow_id,
        workflow_id_known=loaded.workflow_id_known,
        run_id=loaded.run_id,
        workflow=loaded.workflow,
        task_queue=events[0].workflow_execution_started_event_attributes.task_queue.name,
        events=len(events),
        tasks=_tasks(loaded.history),
        closed=events[-1].event_type in _CLOSED,
        content=digest,
    )


def _path(kind: type, value: Any) -> Any:
    return kind(value)


def _tasks(history: History) -> int:
    started = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
    return sum(event.event_type == started for event in history.events)


_CLOSED = frozenset(
    EventType.Value(f"EVENT_TYPE_WORKFLOW_EXECUTION_{end}")
    for end in ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW")
)
