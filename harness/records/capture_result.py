"""What a capture of histories came to: which are in the folder, why each was taken, and what was done for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

NOVELTY = "holds something new"
"""Why an execution is taken that is not asked for, and neither newest, longest nor oldest of its type."""

Kept = Literal["new", "same", "changed", "replaced"]
"""``new``: written. ``same``: it was there already. ``changed``: another content is there and stays. ``replaced``:
another content was there and is overwritten."""


@dataclass(frozen=True, kw_only=True)
class CapturedHistory:
    """One captured history, as the index describes it.

    Attributes:
        file: Name of its file in the folder.
        workflow_id: Workflow id.
        run_id: Run id.
        workflow_type: Workflow type.
        status: Status of the execution when it was captured, without Temporal's prefix: ``COMPLETED``.
        open: Whether the execution had not ended: its history has grown since.
        task_queue: Task queue.
        namespace: Namespace.
        server_version: Version of the server that it was read from.
        started: Start as RFC 3339.
        closed: End as RFC 3339; empty of an open one.
        events: How many events the file holds.
        sha256: SHA-256 of the file.
        scrubbed: Whether what users wrote was replaced by stand-ins.
        why: Why it was taken.
        adds: What it holds that no history taken before it held for its type.
    """

    file: str
    workflow_id: str
    run_id: str
    workflow_type: str
    status: str
    open: bool
    task_queue: str
    namespace: str
    server_version: str
    started: str
    closed: str
    events: int
    sha256: str
    scrubbed: bool
    why: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()


@dataclass(kw_only=True)
class CaptureResult:
    """What a capture came to, and while it is under way, has come to so far.

    Attributes:
        listed: How many executions the cluster listed.
        more: Whether it had more to list.
        read: How many histories were read.
        kept: Each history that is in the folder, with what was done for it.
        passed_over: How many were looked at, now or earlier, and hold nothing new.
        gone: Executions that the cluster listed and then had no longer, or that were named and are not there.
        left: How many were not looked at, because the limit was reached.
        replaced: How many values were replaced by stand-ins in what was written, by field of the event.
        unread: How many payloads were left as they are there, by encoding.
    """

    listed: int = 0
    more: bool = False
    read: int = 0
    kept: list[tuple[Kept, CapturedHistory]] = field(default_factory=list)
    passed_over: int = 0
    gone: list[str] = field(default_factory=list)
    left: int = 0
    replaced: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)

    def of(self, kind: Kept) -> list[CapturedHistory]:
        """Return the histories for which one thing was done."""
        return [captured for done, captured in self.kept if done == kind]
