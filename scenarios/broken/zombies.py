"""Agents that a worker process harms which comes back after its work was given to another."""

from harness import Scenario, start
from scenarios.broken.agents.zombie_overwrites import ReportLastOneWins

zombie_overwrites = Scenario(
    worker="python -m scenarios.broken.agents.zombie_overwrites",
    work=start(ReportLastOneWins.run, "owls"),
    faults=["pause-worker"],
)

PLANTED = {
    "zombie_overwrites": (
        "stale-completion-harmless",
        "pause-worker@before/effect.report/ReportLastOneWins/store.1/attempt-1",
    ),
}
