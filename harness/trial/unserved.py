"""Unserved activities: tried again for ever for what crashproof cannot serve, such as a script that raises."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.records.act_facts import DoorNotice
from harness.records.message_facts import ActivityFailed, ActivityTask
from harness.records.tape import Entry

_TRIES = 2
"""How many attempts must fail in this way for the next one to be expected to."""


@dataclass
class UnservedActivities:
    """Looks at the tape of one undisturbed trial, entry by entry, for an activity that will never be served.

    A door answers the same question in the same way. So where attempts fail with what a door said, and nothing ends the
    retries, the deadline would come much later and show the same. One with a limit ends by itself: the workflow may
    have a fallback.
    """

    _said: dict[str, None] = field(default_factory=dict)
    _failed: dict[tuple[str, str], int] = field(default_factory=dict)

    def why_over(self, entry: Entry) -> str:
        """Say why nothing more is to be expected after an entry, or return an empty text."""
        activity = (entry.run_id, entry.activity_id)
        if (notice := entry.facts_as(DoorNotice)) and notice.unserved:
            self._said[notice.text] = None
        elif entry.kind == "request" and (failed := entry.facts_as(ActivityFailed)):
            is_unserved = any(text in failed.failure.message for text in self._said)
            self._failed[activity] = self._failed.get(activity, 0) + 1 if is_unserved else 0
        elif entry.kind == "reply" and (task := entry.facts_as(ActivityTask)):
            endless = not task.retry_policy.attempts and not task.schedule_to_close_timeout
            if endless and self._failed.get(activity, 0) >= _TRIES:
                return f"{task.activity_type} is tried again for ever, and is never served"
        return ""
