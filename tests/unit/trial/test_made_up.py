"""What was made up is what nobody gave: an input, what is sent, and what a model answers that has no script."""

from __future__ import annotations

from harness.records.scenario import Scenario, Start
from harness.records.tape import Entry
from harness.trial.made_up import made_up

ASKED = Entry(at=0, kind="request", door="model", operation="chat.completions")


def scenario(**more: str) -> Scenario:
    return Scenario(worker="python worker.py", work=Start(workflow="Agent"), **more)


def test_what_a_model_answers_is_made_up_where_it_is_asked_and_has_no_script() -> None:
    assert made_up(scenario(), []) == ""
    assert made_up(scenario(), [ASKED]) == "what the model answers (--model)"
    assert made_up(scenario(model="script.py"), [ASKED]) == ""


def test_what_was_made_up_for_a_program_comes_first() -> None:
    given = scenario(made_up="its input (--input)")
    assert made_up(given, []) == "its input (--input)"
    assert made_up(given, [ASKED]) == "its input (--input) and what the model answers (--model)"
