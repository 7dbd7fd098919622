"""What all rules see in one recorded history; histories can be looked at in any order, and in other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.audit.histories import left_behind, retries, sizes, terminations, timeouts, workflow_tasks
from harness.audit.histories.recorded_run import RecordedRun
from harness.audit.histories.retries import Failed
from harness.audit.histories.sighting import Sighting
from harness.records.evidence import History

_LOOKS: tuple[Callable[[RecordedRun], Iterator[Sighting]], ...] = (
    retries.unlimited,
    retries.out_of_time,
    retries.refusals_retried,
    timeouts.contradictions,
    timeouts.deaths_noticed_late,
    sizes.large_payloads,
    sizes.growing_arguments,
    sizes.near_limits,
    terminations.server_terminations,
    workflow_tasks.failed_tasks,
    workflow_tasks.timed_out_tasks,
    left_behind.left_behind,
)


@dataclass(frozen=True, kw_only=True)
class HistoryFacts:
    """All that is kept of one history.

    Attributes:
        file: Where it lies, as the user would type it.
        workflow: Workflow type.
        events: How many events it has.
        activities: Types of the activities that it started.
        sightings: What is wrong in it: of each kind the most telling one.
        failed: Failures and listed names, which are judged over all histories together.
        reason: Why it could not be read; empty if it was.
    """

    file: str
    workflow: str = ""
    events: int = 0
    activities: frozenset[str] = frozenset()
    sightings: tuple[Sighting, ...] = ()
    failed: tuple[Failed, ...] = ()
    reason: str = ""


def look(history: History, *, file: str) -> HistoryFacts:
    """Look at one history; what comes back is small, whatever its size.

    Args:
        history: The history.
        file: Where it lies, as the user would type it.
    """
    run = RecordedRun(history)
    worst: dict[tuple[str, str, str], Sighting] = {}
    for sighting in (each for judge in _LOOKS for each in judge(run)):
        key = (sighting.rule, sighting.subject, sighting.aspect)
        known = worst.get(key)
        if known is None or rank(sighting) > rank(known):
            worst[key] = sighting
    return HistoryFacts(
        file=file,
        workflow=run.workflow,
        events=len(history.events),
        activities=frozenset(each.activity for each in run.executions),
        sightings=tuple(worst.values()),
        failed=tuple(retries.names_in(run)),
    )


def rank(sighting: Sighting) -> tuple[float, ...]:
    """Return what orders sightings by how telling they are."""
    return (sighting.certainty.rank, sighting.weight)
