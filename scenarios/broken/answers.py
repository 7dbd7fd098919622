"""Agents that go on with something that the model never said."""

from harness import Scenario, start
from scenarios.broken.agents.cut_answer_accepted import DescribeWithHalf
from scenarios.broken.agents.error_as_answer import MailErrorText

error_as_answer = Scenario(
    worker="python -m scenarios.broken.agents.error_as_answer",
    work=start(MailErrorText.run, "the picnic"),
    faults=["model-500-once"],
)
cut_answer_accepted = Scenario(
    worker="python -m scenarios.broken.agents.cut_answer_accepted",
    work=start(DescribeWithHalf.run, "lamp"),
    faults=["model-truncated"],
)

PLANTED = {
    "error_as_answer": (
        "nothing-truncated-accepted",
        "model-500-once@before/model.chat.completions/MailErrorText/draft.1/attempt-1",
    ),
    "cut_answer_accepted": (
        "nothing-truncated-accepted",
        "model-truncated@after/model.chat.completions/DescribeWithHalf/describe.1/attempt-1",
    ),
}
