"""Agents whose code is changed while they are at work: an activity is renamed, in the twin behind a patch.

A patch that was taken cannot be rolled back, which is a risk and no failure.
"""

from dataclasses import replace

from harness import Scenario, start
from scenarios.broken.agents import first_version

FIRST = "python -m scenarios.broken.agents.first_version"
SECOND = "python -m scenarios.broken.agents.second_version"

activity_renamed = Scenario(
    worker=FIRST,
    next=SECOND,
    work=start(first_version.Renamed.run, "Spring"),
    faults=["next-version"],
)
activity_renamed_behind_patch = Scenario(
    worker=FIRST,
    next=SECOND,
    work=start(first_version.RenamedBehindPatch.run, "Spring"),
    faults=["next-version"],
)
patch_rolled_back = replace(
    activity_renamed, work=start(first_version.SlowedBehindPatch.run, "Spring"), faults=["rolled-back"]
)

PLANTED = {
    "activity_renamed": (
        "goes-on-under-other-code",
        "next-version@before/RespondActivityTaskCompleted/Renamed/draft.1/attempt-1",
    ),
    "patch_rolled_back": (
        "goes-on-under-other-code",
        "rolled-back@before/RespondWorkflowTaskCompleted/SlowedBehindPatch/StartTimer-1/attempt-1",
    ),
}
LOOKALIKES = ("activity_renamed_behind_patch",)
