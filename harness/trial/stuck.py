"""Stuck workflows: one whose workflow task fails, or times out, again and again will never get any further."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.records.message_facts import WorkflowTask, WorkflowTaskFailed
from harness.records.tape import Entry

_TRIES = 3
"""How often in a row a workflow task must fail in the same way for nothing else to be expected of it."""

_SILENT_SECONDS = 25.0
"""How long a workflow task must have been without an answer, over all its attempts, for none to be expected.

That is three times the default timeout of a workflow task, less the delay between two attempts: a busy machine is slow,
but not so slow that a worker which lives finds no moment in all this time.
"""

_SLOW = "TMPRL1101"
"""What the SDK says of a workflow task that took too long, which a busy machine alone can be to blame for."""


_VALUES = re.compile(r"0x[0-9a-f]+|\b(?=[0-9a-f-]*\d)[0-9a-f-]{8,}\b|\d+", re.IGNORECASE)
"""Ids, addresses, times and numbers: what differs each time in what a nondeterministic program fails with."""


@dataclass
class StuckWorkflows:
    """Looks at the tape of one trial, entry by entry, for a workflow that is stuck.

    The server tries a failed workflow task for ever, and only other code could let it succeed. So it is the end of the
    trial, whose deadline would come much later and show the same. Ids and numbers in what it says do not count: where a
    program is nondeterministic they differ each time. A worker reports a failure once or twice and keeps silent about
    those that follow: the server then hands the same task out with the next attempt, once it has timed out.
    """

    _in_a_row: dict[str, list[str]] = field(default_factory=dict)
    _silent: _SilentTasks = field(default_factory=lambda: _SilentTasks())

    def why_stuck(self, entry: Entry) -> str:
        """Say why nothing more is to be expected after an entry, or return an empty text."""
        return self._why_fails(entry) or self._silent.why_stuck(entry)

    def _why_fails(self, entry: Entry) -> str:
        same, failed = self._in_a_row.setdefault(entry.run_id, []), entry.facts_as(WorkflowTaskFailed)
        task = entry.facts_as(WorkflowTask)
        if entry.kind == "request" and entry.operation == "RespondWorkflowTaskCompleted":
            same.clear()
        if failed is not None and entry.kind == "request" and _SLOW not in failed.failure.message:
            if same and _without_values(failed.failure.message) != _without_values(same[-1]):
                same.clear()
            same.append(failed.failure.message)
        silent = task.attempt - 1 if task and same else 0  # the attempts before it have failed or timed out
        if max(len(same), len(same) + silent - 1) < _TRIES:
            return ""
        of = _workflow(entry)
        words = same[-1].strip()[:300]
        return f"a workflow task of {of} failed again and again in the same way, and always will: {words}"


@dataclass
class _SilentTasks:
    """Looks for a workflow task that is handed out again and again and never answered, by a worker that lives.

    Its code blocks. The SDK may say once that it took too long; then its thread is taken, and each further attempt
    times out. While a fault is under way, and while a worker process starts, silence says nothing.
    """

    _handed_out: dict[str, list[float]] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)

    def why_stuck(self, entry: Entry) -> str:
        if entry.kind == "act":
            self._disturbed(entry)
            return ""
        task, failed = entry.facts_as(WorkflowTask), entry.facts_as(WorkflowTaskFailed)
        answers = entry.kind == "request" and entry.operation.startswith("RespondWorkflowTask")
        if answers and not (failed and _SLOW in failed.failure.message):
            self._handed_out.pop(entry.run_id, None)
        if task is None or task.query or self._under_way:
            return ""
        times = self._handed_out.setdefault(entry.run_id, [])
        times.append(entry.at)
        if len(times) <= _TRIES or times[-1] - times[0] < _SILENT_SECONDS:
            return ""
        return (
            f"a workflow task of {_workflow(entry)} was handed out {len(times)} times in {times[-1] - times[0]:.0f} s, "
            "and the worker, which lives, answered none: its workflow code blocks, and always will"
        )

    def _disturbed(self, entry: Entry) -> None:
        if entry.operation in ("strike", "hit"):
            self._under_way.add(entry.fault)
        elif entry.operation == "heal":
            self._under_way.discard(entry.fault)
        elif entry.operation not in ("start-worker", "worker-ready", "worker-exit"):
            return
        self._handed_out.clear()


def _workflow(entry: Entry) -> str:
    return entry.point.workflow if entry.point else entry.workflow_id


def _without_values(message: str) -> str:
    return _VALUES.sub("#", message)
