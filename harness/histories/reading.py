"""The reading of one history file into a binary one; run as a process by ``preparing``, with bounded memory.

The process reads requests as JSON lines and answers each with one line, after a first line for its start.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import resource
import sys
from pathlib import Path

import msgspec
from google.protobuf.message import EncodeError
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History

from harness.errors import UsageError
from harness.histories.formats import load
from harness.histories.unwrapping import TooLargeError
from harness.processes.tie import die_with_parent

READY = b"ready\n"


class ReadRequest(msgspec.Struct, kw_only=True):
    """Which file is read, as ``histories.load`` takes it, and where its events go."""

    path: str
    shown: str
    workflow_id: str
    binary: str
    largest: int


class ReadHistory(msgspec.Struct, kw_only=True):
    """What the file holds (see ``preparing.Prepared``), or why nothing can be said of it.

    Attributes:
        too_large: The file is larger than the limit.
        disk: Why the binary file could not be written, or empty.
    """

    workflow_id: str = ""
    workflow_id_known: bool = False
    run_id: str = ""
    workflow: str = ""
    task_queue: str = ""
    events: int = 0
    tasks: int = 0
    closed: bool = False
    content: str = ""
    failure: str = ""
    too_large: bool = False
    disk: str = ""


def answer_to(request: ReadRequest) -> ReadHistory:
    """Read a history file and write its events in protobuf's binary form."""
    try:
        loaded = load(Path(request.path), shown=request.shown, workflow_id=request.workflow_id, largest=request.largest)
        binary = loaded.history.SerializeToString(deterministic=True)
    except UsageError as error:
        return ReadHistory(failure=str(error), too_large=isinstance(error, TooLargeError))
    except (MemoryError, EncodeError):  # protobuf tells so that it gets no more memory to write into
        return ReadHistory(failure=f"{request.shown} takes more memory than the reading of one history may")
    except Exception as error:  # whatever a strange file leads to, the others go on
        return ReadHistory(failure=f"{request.shown} cannot be read: {type(error).__name__}: {error}")
    try:
        Path(request.binary).write_bytes(binary)
    except OSError as error:
        return ReadHistory(disk=f"cannot write {request.binary}: {error.strerror or error}")
    first = loaded.history.events[0].workflow_execution_started_event_attributes
    return ReadHistory(
        workflow_id=loaded.workflow_id,
        workflow_id_known=loaded.workflow_id_known,
        run_id=loaded.run_id,
        workflow=loaded.workflow,
        task_queue=first.task_queue.name,
        events=len(loaded.history.events),
        tasks=_tasks(loaded.history),
        closed=loaded.history.events[-1].event_type in _CLOSED,
        content=hashlib.sha256(binary).hexdigest(),
    )


def _tasks(history: History) -> int:
    started = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
    return sum(event.event_type == started for event in history.events)


_CLOSED = frozenset(
    EventType.Value(f"EVENT_TYPE_WORKFLOW_EXECUTION_{end}")
    for end in ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW")
)


def main(memory: int) -> None:
    """Serve until standard input ends.

    Args:
        memory: How many bytes of memory the process may have.
    """
    die_with_parent()
    with contextlib.suppress(OSError, ValueError):  # not every system has this limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()  # what is imported need not be looked through again and again
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    answers.write(READY)
    requests = msgspec.json.Decoder(ReadRequest)
    for line in sys.stdin.buffer:
        answers.write(msgspec.json.encode(answer_to(requests.decode(line))) + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
