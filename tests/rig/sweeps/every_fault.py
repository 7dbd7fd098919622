"""The reference agent under every fault there is: the widest sweep of it, made beside the planted bugs.

It takes one step: with four, each message of the further three would be struck once more, by the same code; kills in
all steps are those of ``paused_for_a_day``, beside it. It asks no other model here when the usual one is out; that way
has a sweep of its own, ``usual_model_out``.
"""

import runpy
from dataclasses import replace

from harness import start
from scenarios.research.policy import profile
from scenarios.research.workflows import ResearchAgentWorkflow, ResearchInput
from tests import ROOT

FILE = ROOT / "scenarios" / "research.py"
ASKED = ResearchInput("transformer attention", max_steps=1, policy=replace(profile("aggressive"), fallback_model=""))

worker_dies = runpy.run_path(str(FILE))["worker_dies"]
every_fault = replace(
    worker_dies,
    work=start(ResearchAgentWorkflow.run, ASKED),
    model=str(FILE.with_name(worker_dies.model)),
    faults=["all"],
)
del worker_dies
