"""What was made up is what nobody gave: an input, what is sent, and what a model answers that has no script."""

from __future__ import annotations

from typing import Any

from harness.records.message_facts import HttpCall
from harness.records.scenario import Scenario, Start
from harness.records.tape import Entry
from harness.trial.made_up import made_up, uncalled_tools

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


def asked(**body: Any) -> Entry:
    facts = HttpCall(method="POST", path="/v1/chat/completions", headers={}, body=body)
    return Entry(at=0, kind="request", door="model", operation="chat.completions", facts=facts)


def test_tools_that_no_made_up_answer_calls_are_those_that_no_request_insists_on() -> None:
    mail, look = {"type": "function", "function": {"name": "mail"}}, {"name": "look", "input_schema": {}}
    search = {"type": "web_search"}
    assert uncalled_tools(scenario(), [asked(tools=[mail, look, search]), asked(tools=[mail])]) == ["mail", "look"]
    assert uncalled_tools(scenario(), [asked(tools=[mail, look], tool_choice={"type": "tool", "name": "look"})]) == [
        "mail"
    ]
    assert uncalled_tools(scenario(model="script.py"), [asked(tools=[mail])]) == []
    assert (
        uncalled_tools(scenario(), [ASKED, asked(), asked(tools="x"), asked(tools=[1], tool_choice="required")]) == []
    )
