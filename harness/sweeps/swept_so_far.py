"""What a sweep came to so far, as the record that is kept of it."""

from __future__ import annotations

from dataclasses import replace

from harness.checks import baseline_differences
from harness.records.options import SweepOptions
from harness.records.scenario import Scenario
from harness.records.sweep_result import SweepResult
from harness.sweeps.billing import billed_twice
from harness.sweeps.left_out import left_in_words
from harness.sweeps.notes import notes
from harness.sweeps.seen import Seen
from harness.sweeps.trial_results import TrialResults
from harness.trial.made_up import uncalled_tools


def swept_so_far(
    scenario: Scenario,
    *,
    options: SweepOptions,
    seen: Seen,
    results: TrialResults,
    shortened: int,
    seconds: float,
    reason: str,
    points_only: bool,
) -> SweepResult:
    """Return what a sweep came to so far.

    Args:
        scenario: The scenario.
        options: How it is run.
        seen: What the sweep has seen.
        results: What its trials came to.
        shortened: Of how many trials the logs were too long to be kept whole.
        seconds: How long it took.
        reason: Why nothing could be swept, or an empty text.
        points_only: Whether only the points were asked for, also where the options do not say so.
    """
    gaps = dict.fromkeys(gap for evidence in seen.baselines for gap in evidence.gaps)
    uncalled = dict.fromkeys(tool for evidence in seen.baselines for tool in uncalled_tools(scenario, evidence.tape))
    result = SweepResult(
        scenario=scenario.name,
        title=scenario.title,
        verdicts=tuple(results.verdicts.values()),
        cuts=(*seen.known.cuts, *seen.recovered),
        struck=tuple(results.struck),
        unreachable=tuple(results.unreachable),
        regrouped=tuple(results.regrouped),
        pairs=tuple(results.pairs),
        lone=tuple(results.lone),
        pairs_asked=options.pairs,
        not_applicable=seen.known.not_applicable,
        unsteady=seen.known.unsteady,
        limit=seen.limit,
        gaps=tuple(gaps),
        uncalled_tools=tuple(uncalled),
        masked=baseline_differences.listed(seen.baselines),
        notes=tuple(
            notes(
                scenario,
                options=options,
                baselines=seen.baselines,
                notices=seen.notices,
                stops=seen.stops,
                unstable=seen.unstable,
                again=seen.again,
                shortened=shortened,
            )
        ),
        seconds=seconds,
        reason=reason,
        points_only=points_only or options.points_only,
        fail_on=options.fail_on,
    )
    billed = billed_twice(seen.bills, options.prices)
    return replace(result, notes=(*result.notes, *billed, *left_in_words(result)))
