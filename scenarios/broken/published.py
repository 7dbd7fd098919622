"""The research agent as commonly published does not survive: the harness must find its mistakes."""

from harness import Scenario, start
from scenarios.broken.agents.as_published import PublishedInput, PublishedResearchWorkflow

as_published = Scenario(
    worker="python -m scenarios.broken.agents.as_published",
    task_queue="published",
    work=start(PublishedResearchWorkflow.run, PublishedInput(query="transformer attention", max_steps=2)),
    model="scripts/two_notes.py",
)

PLANTED = {"as_published": ("heartbeat-declared", "baseline")}

ALSO_PLANTED = {
    "as_published": (
        ("retry-bounded", "baseline"),
        (
            "effects-happen-once",
            "kill-worker@before/RespondActivityTaskCompleted/PublishedResearchWorkflow/run_research_step.1/attempt-1",
        ),
    )
}
