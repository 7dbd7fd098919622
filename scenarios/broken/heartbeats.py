"""Agents whose heartbeats come too late, or whose checkpoints lead the next attempt astray."""

from harness import Scenario, start
from scenarios.broken.agents.beats_hide_hang import AskAllDay
from scenarios.broken.agents.checkpoint_ignored import PagesCheckpointIgnored
from scenarios.broken.agents.checkpoint_off_by_one import PagesOffByOne
from scenarios.broken.agents.slow_beats import ArchiveSlowBeats

slow_beats = Scenario(worker="python -m scenarios.broken.agents.slow_beats", work=start(ArchiveSlowBeats.run, "report"))
checkpoint_off_by_one = Scenario(
    worker="python -m scenarios.broken.agents.checkpoint_off_by_one", work=start(PagesOffByOne.run, 2)
)
checkpoint_ignored = Scenario(
    worker="python -m scenarios.broken.agents.checkpoint_ignored", work=start(PagesCheckpointIgnored.run, 2)
)
beats_hide_hang = Scenario(
    worker="python -m scenarios.broken.agents.beats_hide_hang",
    work=start(AskAllDay.run, "why?"),
    faults=["model-silent"],
)

# The first beat of an attempt goes out at once, 2 s before the next call: it is delivered when that is met. Later ones
# are not waited for: they are throttled.
PLANTED = {
    "slow_beats": ("heartbeat-in-time", "baseline"),
    "checkpoint_off_by_one": (
        "effects-as-baseline",
        "kill-worker@before/effect.page/PagesOffByOne/copy_pages.1/attempt-1",
    ),
    "checkpoint_ignored": (
        "no-work-redone",
        "kill-worker@before/model.chat.completions/PagesCheckpointIgnored/sum_up_pages.1/attempt-1/nth-2",
    ),
    "beats_hide_hang": ("hang-noticed", "model-silent@before/model.chat.completions/AskAllDay/ask_model.1/attempt-1"),
}
