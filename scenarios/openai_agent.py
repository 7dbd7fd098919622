"""The support agents of the OpenAI Agents SDK open one ticket and write one letter, whenever their worker dies.

They need the extra ``openai-agents`` (pip install 'crashproof[openai-agents]').
"""

from dataclasses import replace

from harness import Scenario, start
from scenarios.openai_agent.workflows import Case, SupportWorkflow

worker_dies = Scenario(
    worker="python -m scenarios.openai_agent.worker",
    task_queue="support",
    work=start(SupportWorkflow.run, Case(question="The light of my device is off.")),
    model="openai_agent_script.py",
    replayer="scenarios.openai_agent.worker:replayer",
    faults=["kill-worker"],
)

nothing_asked = replace(
    worker_dies,
    work=start(SupportWorkflow.run, Case(question=" ")),
    fails="InputGuardrailTripwireTriggered",
)
