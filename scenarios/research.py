"""The research agent saves each note exactly once, at whatever moment its worker dies."""

from harness import Scenario, start
from scenarios.research.workflows import ResearchAgentWorkflow, ResearchInput

worker_dies = Scenario(
    worker="python -m scenarios.research.worker",
    task_queue="research",
    work=start(ResearchAgentWorkflow.run, ResearchInput(query="transformer attention", max_steps=4)),
    model="research_script.py",
    faults=["kill-worker"],
)
