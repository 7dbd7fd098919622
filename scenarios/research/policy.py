"""Retry policies of the research agent, by name, from ``retry_policy.json``.

Who starts an agent chooses one, and it travels in the workflow's input: a run keeps the policy that it began with, and
its history replays whatever the file says by then.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

PROFILE = "RESEARCH_PROFILE"
"""Environment variable that names the profile where the caller does not."""


@dataclass(frozen=True)
class Policy:
    """How often and when a model is asked again, and when another one is asked in its place.

    Attributes:
        initial_interval_s: Wait after the first attempt, in seconds.
        backoff_coefficient: By how much each wait is longer than the one before.
        maximum_interval_s: Longest wait, in seconds.
        maximum_attempts: How often the usual model is asked for one step.
        fallback_model: Model that is asked where the usual one is out of service; empty: none is.
        fallback_attempts: How often that one is asked for one step: a worker that dies uses up one, so 2 at least.
        opens_after: From how many steps in a row that the usual model has failed on it is not asked any more.
        stays_open_s: Seconds after which it is given another chance: one attempt.
    """

    initial_interval_s: float = 1.0
    backoff_coefficient: float = 2.0
    maximum_interval_s: float = 60.0
    maximum_attempts: int = 5
    fallback_model: str = ""
    fallback_attempts: int = 2
    opens_after: int = 1
    stays_open_s: float = 60.0


def profile(name: str = "") -> Policy:
    """Return a policy of the file: by default the one that the environment names, else ``aggressive``.

    Raises:
        LookupError: There is none of that name.
    """
    profiles = json.loads(Path(__file__).with_name("retry_policy.json").read_text())
    name = name or os.environ.get(PROFILE, "aggressive")
    if name not in profiles:
        raise LookupError(f"retry_policy.json has no profile {name!r}: expected one of {', '.join(profiles)}")
    return Policy(**profiles[name])
