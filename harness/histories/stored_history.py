"""A history that was read from a file and is stored in protobuf's binary form, with what is to be known of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from temporalio.api.history.v1 import History

from harness.errors import RigError
from harness.histories.files import HistoryFile
from harness.histories.formats import LoadedHistory


@dataclass(frozen=True, kw_only=True)
class StoredHistory:
    """One history file that has been read, or could not be.

    Attributes:
        file: The file.
        binary: Where its events are, for ``read_stored``; None if the file holds no history.
        workflow_id: Workflow id; a guess from the file's name where it is not known.
        workflow_id_known: Whether it is known. A replay under another one can look like non-determinism.
        run_id: Run id that the first event has.
        workflow: Workflow type.
        task_queue: Task queue that the workflow was started on.
        events: Number of events.
        tasks: Number of workflow tasks that were started.
        closed: Whether the run was closed, rather than cut off or still open.
        failure: Why the file could not be read, with its name; empty if it could.
        content: SHA-256 of the events, in hexadecimal.
    """

    file: HistoryFile
    binary: Path | None = None
    workflow_id: str = ""
    workflow_id_known: bool = False
    run_id: str = ""
    workflow: str = ""
    task_queue: str = ""
    events: int = 0
    tasks: int = 0
    closed: bool = False
    failure: str = ""
    content: str = ""


def read_stored(path: Path) -> History:
    """Return the events of the binary file of a ``StoredHistory``.

    Raises:
        RigError: It is gone, or was changed.
    """
    try:
        return History.FromString(path.read_bytes())
    except Exception as error:  # protobuf has no one public name for its own
        raise RigError(f"the prepared history {path} cannot be read: {error}") from error


def loaded(history: StoredHistory) -> LoadedHistory:
    """Return a history as it was read from its file.

    Raises:
        RigError: Its binary file is gone, or was changed.
    """
    assert history.binary is not None, history.failure
    return LoadedHistory(
        workflow_id=history.workflow_id,
        workflow_id_known=history.workflow_id_known,
        run_id=history.run_id,
        workflow=history.workflow,
        history=read_stored(history.binary),
    )
