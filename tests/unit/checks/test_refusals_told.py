"""A refusal of the SDK that reaches the model as a tool's answer is a finding; a tool's own error is none."""

from __future__ import annotations

import pytest

from harness.records.evidence import Evidence

from .build import Story, nothing, only_finding, passes

NAME = "no-refusal-told-as-answer"
SANDBOX = "An error occurred while running the tool. Error: Cannot access os.environ from inside a workflow. If this is"


def told(output: str) -> Evidence:
    story = Story()
    ask = story.activity("ask")
    body = {"input": [{"type": "message", "text": "Bern?"}, {"type": "function_call_output", "output": output}]}
    return story.model(body, task=ask).complete(ask).close().evidence()


@pytest.mark.parametrize(
    ("output", "refusal"),
    [
        (SANDBOX, "Cannot access os.environ from inside a workflow"),
        ("RuntimeError: Not in activity context", "Not in activity context"),
        ("_NotInWorkflowEventLoopError: Not in workflow event loop", "Not in workflow event loop"),
    ],
)
def test_refusal_that_becomes_an_answer(output: str, refusal: str) -> None:
    assert only_finding(NAME, told(output)).message == (
        f"chat.completions was told as an answer what the SDK refused: {refusal!r}"
    )


def test_error_of_the_tool_itself() -> None:
    passes(NAME, told("An error occurred while running the tool. Error: no such city"))
    assert nothing(NAME, Story().close().evidence()) == "no model and no effect was called"
