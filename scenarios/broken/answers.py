"""Agents that go on with something that the model never said."""

from harness import Scenario, start
from scenarios.broken.agents.cut_answer_accepted import DescribeWithHalf
from scenarios.broken.agents.cut_stream_accepted import DescribeWhatCame
from scenarios.broken.agents.error_as_answer import MailErrorText
from scenarios.broken.agents.json_in_workflow import PlanFromText
from scenarios.broken.agents.length_accepted import DescribeInShort
from scenarios.broken.agents.refusal_as_answer import DescribeOrExcuse

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
cut_stream_accepted = Scenario(
    worker="python -m scenarios.broken.agents.cut_stream_accepted",
    work=start(DescribeWhatCame.run, "lamp"),
    faults=["stream-half-line"],
)
length_accepted = Scenario(
    worker="python -m scenarios.broken.agents.length_accepted",
    work=start(DescribeInShort.run, "lamp"),
    faults=["model-length"],
)
refusal_as_answer = Scenario(
    worker="python -m scenarios.broken.agents.refusal_as_answer",
    work=start(DescribeOrExcuse.run, "lamp"),
    faults=["answer-refusal"],
)
json_in_workflow = Scenario(
    worker="python -m scenarios.broken.agents.json_in_workflow",
    work=start(PlanFromText.run, "three days in Rome"),
    model="scripts/fills_the_form.py",
    faults=["answer-prose"],
    time_limit=15,
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
    "cut_stream_accepted": (
        "nothing-truncated-accepted",
        "stream-half-line@after/model.chat.completions.stream/DescribeWhatCame/describe.1/attempt-1",
    ),
    "length_accepted": (
        "nothing-truncated-accepted",
        "model-length@after/model.chat.completions/DescribeInShort/describe.1/attempt-1",
    ),
    "refusal_as_answer": (
        "nothing-truncated-accepted",
        "answer-refusal@after/model.chat.completions/DescribeOrExcuse/describe.1/attempt-1",
    ),
    "json_in_workflow": (
        "no-workflow-task-failure",
        "answer-prose@after/model.chat.completions/PlanFromText/ask_model.1/attempt-1",
    ),
}
