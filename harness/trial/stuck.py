"""Stuck workflows: one whose workflow task fails again and again in the same way will never get any further."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.records.message_facts import WorkflowTask, WorkflowTaskFailed
from harness.records.tape import Entry

_TRIES = 3
"""How often in a row a workflow task must fail in the same way for nothing else to be expected of it."""

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

    def why_stuck(self, entry: Entry) -> str:
        """Say why nothing more is to be expected after an entry, or return an empty text."""
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
        of = entry.point.workflow if entry.point else entry.workflow_id
        words = same[-1].strip()[:300]
        return f"a workflow task of {of} failed again and again in the same way, and always will: {words}"


def _without_values(message: str) -> str:
    return _VALUES.sub("#", message)
