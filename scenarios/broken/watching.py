"""Agents whose failures nobody sees: metrics that stand still, logs that say nothing and tell what they must not."""

from harness import Scenario, start
from scenarios.broken.agents.logs_for_nobody import MailUnseen
from scenarios.broken.agents.metrics_stand_still import AskUnmeasured

metrics_stand_still = Scenario(
    worker="python -m scenarios.broken.agents.metrics_stand_still",
    work=start(AskUnmeasured.run, "why?"),
    faults=["kill-worker", "model-503"],
)
logs_for_nobody = Scenario(
    worker="python -m scenarios.broken.agents.logs_for_nobody", work=start(MailUnseen.run, "ann")
)

PLANTED_POINTS = {"metrics_stand_still": ("O1",), "logs_for_nobody": ("O2",)}
