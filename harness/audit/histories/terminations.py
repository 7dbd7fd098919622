"""Runs that the server terminated by itself: for the size of a message, with their parent, or for another reason."""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.histories.recorded_run import RecordedRun
from harness.audit.histories.sighting import Sighting, sized
from harness.audit.histories.sizes import EXCEEDED, MESSAGE_REFUSED, MESSAGE_TOO_LARGE
from harness.records.audit_result import Certainty
from harness.temporal.event import number

_BY_PARENT = "parent close policy"


def server_terminations(run: RecordedRun) -> Iterator[Sighting]:
    """Yield runs that the server ended; those that came to the limits of a history are told with these."""
    reason = run.terminated_because
    if MESSAGE_TOO_LARGE.search(reason):
        yield _sighting(
            run,
            "CP601",
            f"{run.workflow} was terminated by the server ({reason}): the commands of one workflow task, with all that"
            f" is passed in them, are larger than one message may be ({sized(MESSAGE_REFUSED)}).",
            "Keep what is large in a store of your own and pass references; start fewer activities in one task.",
        )
    elif _BY_PARENT in reason:
        yield _sighting(
            run,
            "CP211",
            f"{run.workflow} was terminated by the server, since its parent closed ({reason}): its work is cut off.",
            "Await the handle of the child in its parent, or start it with ParentClosePolicy.ABANDON.",
            certainty=Certainty.LIKELY,
        )
    elif run.terminated_by_server and not EXCEEDED.search(reason):
        yield _sighting(
            run,
            "CP702",
            f"{run.workflow} was terminated by the server itself{f' ({reason})' if reason else ''}.",
            "Look at the last workflow task that failed, and into the worker's log.",
        )


def _sighting(
    run: RecordedRun, rule: str, message: str, fix: str, *, certainty: Certainty = Certainty.CERTAIN
) -> Sighting:
    return Sighting(
        rule=rule,
        certainty=certainty,
        subject=run.workflow,
        aspect="terminated",
        message=message,
        fix=fix,
        event=number(run.history.events[-1]),
    )
