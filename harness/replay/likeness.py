"""What two histories of a sweep must have in common, so that the replay of one tells what the other's would."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from harness.records.evidence import History


def likeness(history: History) -> str:
    """Return a digest that is equal for histories which are equal but for run ids, times, request ids and identities.

    One of them is replayed for all, and that is sound. Workflow code knows of its run what the history tells it. Of
    what is left out here it can see its run id and the random numbers that follow from it, the time, the length of its
    history, and the identity of a worker process in the failure of an activity. The rest is the server's own: which
    attempt of an activity it was that began, and how often a workflow task failed or timed out before the one that
    was completed. Whatever the code made of that, it decided the same in both runs, since the events of its decisions
    are equal, with all their payloads. Deterministic code decides so again in either replay. Code that is not
    deterministic can pass in one by chance: that is looked for with conditions, and with a watch for the calls that
    make it so, and a further replay of the same decisions would add little to them.

    What a workflow has put into a payload, a time or an id, makes its histories different ones, each with a replay.
    """
    events = list(_answered(history.events))
    places = {str(each.get("eventId")): place for place, each in enumerate(events, start=1)}
    content = msgspec.json.encode(
        [history.workflow_id, [_event(each, places) for each in events]], order="deterministic"
    )
    return hashlib.blake2s(content).hexdigest()


def _answered(events: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Leave out workflow tasks that failed or timed out, and events of the server's own: code is not told of them."""
    left_out = {str(each.get("eventId")) for each in events if each.get("workerMayIgnore")}
    for event in events:
        if event.get("eventType") in _UNANSWERED:
            attributes = _attributes(event)
            ids = (event.get("eventId"), attributes.get("scheduledEventId"), attributes.get("startedEventId"))
            left_out |= {str(each) for each in ids}
    return (each for each in events if str(each.get("eventId")) not in left_out)


def _event(event: Mapping[str, Any], places: Mapping[str, int]) -> list[Any]:
    kind, attributes = str(event.get("eventType", "")), _attributes(event)
    if kind in _ALONE:
        attributes = {name: attributes[name] for name in _ALONE[kind] & attributes.keys()}
    kept = {name: value for name, value in attributes.items() if name not in _LEFT_OUT}
    kept |= {name: places.get(str(value), 0) for name, value in kept.items() if name in _REFERENCES}
    kept |= {name: _without_run(kept[name]) for name in _EXECUTIONS & kept.keys()}
    kept |= {name: _flags(kept[name]) for name in {"sdkMetadata"} & kept.keys()}
    kept |= {name: _failure(kept[name]) for name in _FAILURES & kept.keys()}
    return [kind, kept, event.get("userMetadata"), event.get("links")]


def _attributes(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((value for name, value in event.items() if name.endswith("Attributes")), {})


def _flags(sdk: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an SDK says of itself with its flags in order: SDK core writes them in any."""
    return {name: sorted(value) if isinstance(value, list) else value for name, value in sdk.items()}


def _without_run(execution: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in execution.items() if name != "runId"}


def _failure(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a failure without the identities of worker processes and the run ids of children, in its causes too."""
    content = dict(failure)
    for name, left_out in _LEFT_OUT_OF_FAILURES.items():
        if name in content:
            content[name] = {key: value for key, value in content[name].items() if key != left_out}
    if "cause" in content:
        content["cause"] = _failure(content["cause"])
    return content


_LEFT_OUT = frozenset(
    {
        "identity",
        "requestId",
        "historySizeBytes",
        "workerVersion",
        "binaryChecksum",
        "originalExecutionRunId",
        "firstExecutionRunId",
        "newExecutionRunId",
        "continuedExecutionRunId",
        "workflowExecutionExpirationTime",
        "retryExpirationTime",
    }
)

_UNANSWERED = frozenset({"EVENT_TYPE_WORKFLOW_TASK_FAILED", "EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT"})

_ALONE = {
    "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED": frozenset[str](),
    "EVENT_TYPE_WORKFLOW_TASK_STARTED": frozenset({"suggestContinueAsNew"}),
    "EVENT_TYPE_WORKFLOW_TASK_COMPLETED": frozenset({"sdkMetadata"}),
    "EVENT_TYPE_ACTIVITY_TASK_STARTED": frozenset({"scheduledEventId"}),
}
"""Types of events of which workflow code is told these fields alone, or that they came."""

_REFERENCES = frozenset(
    {
        "scheduledEventId",
        "startedEventId",
        "initiatedEventId",
        "acceptedEventId",
        "workflowTaskCompletedEventId",
        "acceptedRequestSequencingEventId",
    }
)
"""Fields that name another event of the same history."""

_EXECUTIONS = frozenset(
    {"workflowExecution", "parentWorkflowExecution", "rootWorkflowExecution", "externalWorkflowExecution"}
)

_FAILURES = frozenset({"failure", "continuedFailure"})

_LEFT_OUT_OF_FAILURES = {"activityFailureInfo": "identity", "childWorkflowExecutionFailureInfo": "workflowExecution"}
