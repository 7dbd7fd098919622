"""The research agent saves each note exactly once, at whatever moment its worker dies."""

from dataclasses import replace

from harness import Scenario, let_pass, signal, start
from scenarios.research.policy import profile
from scenarios.research.workflows import ResearchAgentWorkflow, ResearchInput

worker_dies = Scenario(
    worker="python -m scenarios.research.worker",
    task_queue="research",
    work=start(ResearchAgentWorkflow.run, ResearchInput("transformer attention", max_steps=4, policy=profile())),
    model="research_script.py",
    faults=["kill-worker"],
)

READY_WITH = ["research_profiles.py::usual_model_out"]

paused_for_a_day = replace(
    worker_dies,
    sends=[
        signal("pause", at="before/RespondActivityTaskCompleted/ResearchAgentWorkflow/run_research_step.2"),
        let_pass(days=1),
        signal("resume", at="then"),
    ],
)
