"""What crashproof made up in a trial: work that ends otherwise than well may have been given what does not fit."""

from __future__ import annotations

from collections.abc import Iterable

from harness.records.scenario import Scenario
from harness.records.tape import Entry


def is_unscripted(scenario: Scenario, tape: Iterable[Entry]) -> bool:
    """Tell whether a model was asked in a trial, and nobody had said what it answers."""
    return not scenario.model and any(entry.door == "model" for entry in tape)


def made_up(scenario: Scenario, tape: Iterable[Entry]) -> str:
    """Return it in words, with the options that say what fits; an empty text where all was given.

    Args:
        scenario: The scenario, which knows what was made up to run a program that was given alone.
        tape: The tape of the trial, which shows whether a model was asked.
    """
    answers = is_unscripted(scenario, tape)
    return " and ".join(filter(None, (scenario.made_up, "what the model answers (--model)" if answers else "")))
