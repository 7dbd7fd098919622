"""What work comes to by chance: an activity that fails at times, and not where a strike waits for its end."""

from __future__ import annotations

from harness.records.evidence import Evidence

_DONE, _FAILED = "/RespondActivityTaskCompleted/", "/RespondActivityTaskFailed/"


def failed_before(evidence: Evidence) -> bool:
    """Tell whether a trial struck nothing since the attempt that it was to strike at its end failed instead.

    In the trial that showed the point the same attempt was done, and nothing was struck before it: so it fails by
    chance, and may be done when the trial is run again.
    """
    if evidence.strikes or not evidence.plan.strikes:
        return False
    point = evidence.plan.strikes[0].point
    failed = point.replace(_DONE, _FAILED, 1).removeprefix("after").removeprefix("before")
    asked = (entry.point.id for entry in evidence.tape if entry.kind == "request" and entry.point)
    return _DONE in point and any(each.removeprefix("before") == failed for each in asked)
