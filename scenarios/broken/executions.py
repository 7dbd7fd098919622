"""Two executions run side by side on one worker: what the one leaves there reaches the other, or may be shared."""

from harness import Scenario, start
from scenarios.broken.agents import side_by_side

WORKER = "python -m scenarios.broken.agents.side_by_side"

class_attribute_shared = Scenario(
    worker=WORKER, work=start(side_by_side.ClassAttributeShared.run, "Spring", executions=2)
)
default_argument_shared = Scenario(
    worker=WORKER, work=start(side_by_side.DefaultArgumentShared.run, "Spring", executions=2)
)
constants_cached = Scenario(worker=WORKER, work=start(side_by_side.ConstantsCached.run, "Spring", executions=2))

PLANTED = {
    "class_attribute_shared": ("executions-alike", "baseline"),
    "default_argument_shared": ("executions-alike", "baseline"),
}
LOOKALIKES = ("constants_cached",)
