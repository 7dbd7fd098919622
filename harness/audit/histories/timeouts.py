"""Timeouts as recorded: those that contradict each other, and deaths of workers that are noticed late."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.histories.recorded_run import RecordedRun
from harness.audit.histories.sighting import Sighting
from harness.records.audit_result import Certainty
from harness.temporal.duration import in_words

LONG_DECLARED_S = 60.0
"""From here on an attempt may take so long that waiting for its end is no way to notice a death."""

_LONG_SEEN_S = 10.0
_TOO_LATE_S = 600.0


def contradictions(run: RecordedRun) -> Iterator[Sighting]:
    """Yield activities whose heartbeat timeout can never be over before start-to-close is."""
    for each in run.executions:
        heartbeat, attempt = each.options.heartbeat, each.options.start_to_close
        if heartbeat and attempt and heartbeat >= attempt:
            yield Sighting(
                rule="CP402",
                certainty=Certainty.LIKELY,
                subject=each.activity,
                message=f"{each.activity!r}: heartbeat_timeout is not shorter than start_to_close_timeout "
                f"({in_words(attempt)}), so no attempt is ever given up for want of beats.",
                fix="Make it a fraction of that.",
                event=each.event,
            )


def deaths_noticed_late(run: RecordedRun) -> Iterator[Sighting]:
    """Yield long activities without heartbeat timeout: only start-to-close ends an attempt whose worker died."""
    for each in run.executions:
        if each.options.heartbeat or each.options.start_to_close < LONG_DECLARED_S:
            continue
        lost = each.timed_out == "START_TO_CLOSE"
        if not lost and each.seconds < _LONG_SEEN_S:
            continue
        limit = in_words(each.options.start_to_close)
        seen = "an attempt was given up only" if lost else f"an attempt took {each.seconds:.0f} s, and is given up only"
        yield Sighting(
            rule="CP701",
            certainty=Certainty.LIKELY if lost and each.options.start_to_close >= _TOO_LATE_S else Certainty.LOOK,
            subject=each.activity,
            message=f"{each.activity!r} declares no heartbeat_timeout: {seen} when start_to_close_timeout ({limit}) is "
            "over, and till then nobody knows that its worker died.",
            fix="Beat in it and pass heartbeat_timeout; for short attempts a shorter start_to_close_timeout does.",
            event=each.event,
            weight=lost,
        )
