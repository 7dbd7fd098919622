"""Placeholders in the environment that a user gives: ``PAYMENTS_URL=${EFFECTS_URL}/payments`` leads to a door."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from harness.errors import UsageError

DOOR_VARIABLES = (
    "OPENAI_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "EFFECTS_URL",
    "METRICS_ADDRESS",
    "TEMPORAL_ADDRESS",
    "TEMPORAL_NAMESPACE",
    "TEMPORAL_TASK_QUEUE",
)
"""The environment variables by which a worker finds the doors, and where it may serve its metrics.

Each can be written as ``${NAME}``, and ``${MODEL_URL}`` is another name of the first."""

PLACEHOLDERS = (*DOOR_VARIABLES, "MODEL_URL")
"""The names that are filled in."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_MISSPELT = 0.8  # how alike a name is to one of ours that is taken for it, from 0 to 1


def filled_in(given: Mapping[str, str], doors: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the values of the placeholders in them; any other ``${NAME}`` stays as it is.

    Args:
        given: The variables as the user wrote them.
        doors: Those by which this worker finds the doors.

    Raises:
        UsageError: A name is nearly one of ours, so that it would be left by mistake.
    """
    known = {name: doors.get(name, "") for name in DOOR_VARIABLES}
    known["MODEL_URL"] = known["OPENAI_BASE_URL"]

    def value_of(written: re.Match[str]) -> str:
        name = written[1]
        if name in known:
            return known[name]
        if meant := difflib.get_close_matches(name.upper(), known, n=1, cutoff=_MISSPELT):
            raise UsageError(
                f"{written[0]} in the environment of the worker leads nowhere: ${{{meant[0]}}} is filled in"
            )
        return written[0]

    return {name: _PLACEHOLDER.sub(value_of, value) for name, value in given.items()}
