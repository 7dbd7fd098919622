"""The approval agent waits three days for a human, and carries its plan out once, whenever its worker dies."""

from dataclasses import replace
from tempfile import gettempdir

from harness import Scenario, let_pass, signal, start
from scenarios.approval.workflows import DurableAIAgentWorkflow

PLANNED = "before/RespondActivityTaskCompleted/DurableAIAgentWorkflow/persist_checkpoint.1"

approved_on_the_third_day = Scenario(
    worker="python -m scenarios.approval.worker",
    task_queue="approval",
    work=start(DurableAIAgentWorkflow.run, "arrange a picnic"),
    model="approval_script.py",
    effects="approval_effects.py",
    state=f"{gettempdir()}/approval-${{TRIAL}}.db",
    faults=["kill-worker"],
    sends=[let_pass(days=2, hours=23, at=PLANNED), signal("human_approve", "only if it is dry", at="then")],
)
nobody_approves = replace(
    approved_on_the_third_day, sends=[let_pass(days=3, minutes=1, at=PLANNED)], fails="ApprovalExpired"
)
