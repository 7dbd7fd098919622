"""Agents that do more than their model asks for, or go on for as long as it asks."""

from harness import Scenario, start
from scenarios.broken.agents.tool_loop_without_end import BookForEver
from scenarios.broken.agents.tool_run_twice import BookEachCall

tool_run_twice = Scenario(
    worker="python -m scenarios.broken.agents.tool_run_twice",
    work=start(BookEachCall.run, "a table for four"),
    model="scripts/books_a_table.py",
    faults=["tool-same-id"],
)
tool_loop_without_end = Scenario(
    worker="python -m scenarios.broken.agents.tool_loop_without_end",
    work=start(BookForEver.run, "a table for four"),
    model="scripts/books_a_table.py",
    faults=["answer-tool-call-always"],
    time_limit=15,
)

ASKED = "after/model.chat.completions"
PLANTED = {
    "tool_run_twice": (
        "effects-happen-once",
        f"tool-same-id@{ASKED}/BookEachCall/ask_model.1/attempt-1",
    ),
    "tool_loop_without_end": (
        "gives-up-cleanly",
        f"answer-tool-call-always@{ASKED}/BookForEver/ask_model.1/attempt-1",
    ),
}
