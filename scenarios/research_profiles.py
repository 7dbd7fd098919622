"""The research agent with its other retry policy, and with a usual model that is out of service for good."""

from dataclasses import replace

from harness import Scenario, start
from scenarios.research.policy import profile
from scenarios.research.workflows import ResearchAgentWorkflow, ResearchInput

CONSERVATIVE = profile("conservative")

conservative = Scenario(
    worker="python -m scenarios.research.worker",
    task_queue="research",
    work=start(ResearchAgentWorkflow.run, ResearchInput("transformer attention", max_steps=4, policy=CONSERVATIVE)),
    model="research_script.py",
    faults=["kill-worker", "model"],
)

usual_model_out = replace(
    conservative,
    work=start(
        ResearchAgentWorkflow.run,
        ResearchInput(
            "transformer attention",
            max_steps=2,
            policy=replace(CONSERVATIVE, initial_interval_s=1, maximum_attempts=2),
        ),
    ),
    model="research_out_script.py",
    faults=["kill-worker"],
)
