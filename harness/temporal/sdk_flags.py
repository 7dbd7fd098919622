"""Flags of SDKs: by which rules a workflow task was decided, as its WorkflowTaskCompleted event records it.

A newer SDK decides by newer rules only where a history says so, or where it does not replay; histories that are older
than a rule, or were recorded where the server kept no such metadata, are replayed by the older one. The numbers are
those of SDK core, crates/sdk-core/src/internal_flags.rs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowTaskCompletedMetadata

Flag = tuple[Literal["core", "lang"], int]
"""A flag of SDK core, or of the SDK of a language."""

Flags = frozenset[Flag]

COMPARES_IDS_AND_TYPES: Flag = ("core", 1)
"""A replay compares id and type of activities, local activities and child workflows."""

SENDS_WHAT_FOLLOWS_THE_END: Flag = ("core", 3)
"""Commands that are issued after the one which ends the run are sent, before it; by the older rule they are dropped."""

BUILT_ON_CORE = frozenset(
    {"temporal-python", "temporal-typescript", "temporal-dotnet", "temporal-ruby", "temporal-rust"}
)
"""Names of the SDKs that are built on SDK core, as they name themselves to the server."""


def flags_used(metadata: WorkflowTaskCompletedMetadata) -> Flags:
    """Return the flags that one answer to a workflow task names: those that it is the first of its run to use."""
    core: set[Flag] = {("core", number) for number in metadata.core_used_flags}
    return frozenset(core | {("lang", number) for number in metadata.lang_used_flags})


def flags_by_task(events: Iterable[HistoryEvent]) -> dict[int, Flags]:
    """Return the flags that are in force in each completed workflow task, by the id of its WorkflowTaskStarted."""
    known: Flags = frozenset()
    by_task: dict[int, Flags] = {}
    for event in events:
        if event.HasField("workflow_task_completed_event_attributes"):
            completed = event.workflow_task_completed_event_attributes
            known |= flags_used(completed.sdk_metadata)
            by_task[completed.started_event_id] = known
    return by_task
