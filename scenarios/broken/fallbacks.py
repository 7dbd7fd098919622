"""Agents that turn to another model for reasons which no history holds, or never leave the usual one in peace."""

from harness import Scenario, start
from scenarios.broken.agents.breaker_in_memory import AskWithMemory
from scenarios.broken.agents.fallback_by_wall_clock import AskByTheClock
from scenarios.broken.agents.no_breaker import AskUsualFirst

breaker_in_memory = Scenario(
    worker="python -m scenarios.broken.agents.breaker_in_memory",
    work=start(AskWithMemory.run, "why does it rain?"),
    model="scripts/usual_model_out.py",
)
fallback_by_wall_clock = Scenario(
    worker="python -m scenarios.broken.agents.fallback_by_wall_clock",
    work=start(AskByTheClock.run, "why does it rain?"),
    model="scripts/usual_model_out.py",
    faults=["model-502"],
)
no_breaker = Scenario(
    worker="python -m scenarios.broken.agents.no_breaker",
    work=start(AskUsualFirst.run, "why does it rain?"),
    model="scripts/usual_model_out.py",
)

PLANTED_POINTS = {"no_breaker": ("C1",)}
PLANTED = {
    "breaker_in_memory": (
        "workflow-ends-as-baseline",
        "kill-worker@before/model.chat.completions/AskWithMemory/ask_model.1/attempt-2",
    ),
    "fallback_by_wall_clock": ("replays", "baseline"),
}
