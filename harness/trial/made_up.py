"""What crashproof made up in a trial: work that ends otherwise than well may have been given what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.doors.model.unscripted import tools_in
from harness.records.scenario import Scenario
from harness.records.tape import Entry


def is_unscripted(scenario: Scenario, tape: Iterable[Entry]) -> bool:
    """Tell whether a model was asked in a trial, and nobody had said what it answers."""
    return not scenario.model and any(entry.door == "model" for entry in tape)


def uncalled_tools(scenario: Scenario, tape: Iterable[Entry]) -> list[str]:
    """Return the tools that a model without a script was offered in a trial, and that none of its answers called.

    It calls those alone that a request insists on.
    """
    bodies = [entry.http.body for entry in tape if entry.kind == "request" and entry.door == "model"]
    met = [tools_in(body) for body in bodies if isinstance(body, Mapping) and not scenario.model]
    called = {tool for _, tool in met}
    return list(dict.fromkeys(tool for offered, _ in met for tool in offered if tool not in called))


def made_up(scenario: Scenario, tape: Iterable[Entry]) -> str:
    """Return it in words, with the options that say what fits; an empty text where all was given.

    Args:
        scenario: The scenario, which knows what was made up to run a program that was given alone.
        tape: The tape of the trial, which shows whether a model was asked.
    """
    answers = is_unscripted(scenario, tape)
    return " and ".join(filter(None, (scenario.made_up, "what the model answers (--model)" if answers else "")))
