"""The agents that only some faults are made for: one of each kind, since all of them would take minutes."""

import runpy
from collections.abc import Sequence
from dataclasses import replace

from harness import Scenario
from tests import ROOT

ONE_OF_EACH_KIND = ("model-503", "model-length", "answer-prose", "tool-unknown", "model-in-turn")
"""Faults of a model: refused, cut, another answer, a tool, in turn."""
STREAMED = ("stream-unfinished", "stream-half-arguments")


def _of(file: str, name: str, *, faults: Sequence[str] = ()) -> Scenario:
    declared: Scenario = runpy.run_path(str(ROOT / "scenarios" / file))[name]
    return replace(declared, model=str(ROOT / "scenarios" / declared.model), faults=faults or declared.faults)


usual_model_out = _of("research_profiles.py", "usual_model_out")
conservative = _of("research_profiles.py", "conservative", faults=ONE_OF_EACH_KIND)
support_agents = _of("openai_agent.py", "worker_dies", faults=("kill-worker", *STREAMED, *ONE_OF_EACH_KIND))
nothing_asked = _of("openai_agent.py", "nothing_asked", faults=("kill-worker", *STREAMED, *ONE_OF_EACH_KIND))
