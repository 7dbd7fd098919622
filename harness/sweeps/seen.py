"""What a sweep has seen so far, beside what its trials came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from harness.checks.model_calls import Bill
from harness.records.cut import Cut
from harness.records.evidence import Evidence
from harness.sweeps.plans import KnownCuts
from harness.sweeps.stops import Stop


@dataclass
class Seen:
    """What a sweep has seen so far.

    Attributes:
        baselines: The evidence of its undisturbed trials.
        known: The cuts that they show.
        recovered: The cuts that recoveries showed.
        notices: What the doors said.
        stops: What workers did after SIGTERM.
        bills: What the model calls of each trial cost, by trial.
        quiet: The trials that were run again in quiet, and those under load that need not be.
        unstable: What was said of those that came to something else then.
        again: How many trials were tried again, for each reason.
        total: How many trials are known so far.
        limit: Which limit ended the sweep, or an empty text.
    """

    baselines: list[Evidence] = field(default_factory=list)
    known: KnownCuts = field(default_factory=KnownCuts)
    recovered: list[Cut] = field(default_factory=list)
    notices: dict[str, None] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    bills: dict[str, Bill] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    unstable: list[str] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    total: int = 0
    limit: str = ""
